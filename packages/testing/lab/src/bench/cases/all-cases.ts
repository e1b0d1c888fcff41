import type { BenchCase } from '../bench.ts';
import { first } from './first.ts';
import { managed } from './managed.ts';
import { largeRollout, manyServices } from './many-services.ts';
import { memory } from './memory.ts';
import { monitoring } from './monitoring.ts';
import { hang, unavailable } from './outage.ts';
import { providerPass } from './provider-pass.ts';
import { refused } from './refused.ts';
import { rest } from './rest.ts';
import { rotation } from './rotation.ts';
import { sequential } from './sequential.ts';
import { standbys } from './standbys.ts';
import { start } from './start.ts';
import { storm } from './storm.ts';
import { tick } from './tick.ts';
import { warm } from './warm.ts';

/** The cases that run if no names are given. */
export const defaultCases: readonly BenchCase[] = [
  start,
  managed,
  first,
  warm,
  sequential,
  storm,
  hang,
  unavailable,
  refused,
  tick,
  rest,
  standbys,
  monitoring,
  memory,
];

/** All cases, including those that take minutes or need an engine. */
export const allCases: readonly BenchCase[] = [...defaultCases, manyServices, largeRollout, providerPass, rotation];
