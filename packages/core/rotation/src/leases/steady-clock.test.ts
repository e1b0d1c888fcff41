import { SimulatedClock } from '@vault-swarm/simulation';
import { expect, test } from 'vitest';
import { SteadyClock } from './steady-clock.ts';

test('time goes on as before if the clock of the machine is set back', async () => {
  const machine = new SimulatedClock();
  const clock = new SteadyClock(machine);
  const startMs = clock.now();
  machine.setBack(3_600_000);
  await machine.advance(1_000);
  expect(clock.now()).toBe(startMs + 1_000);
  await machine.advance(500);
  expect(clock.now()).toBe(startMs + 1_500);
});

test('it follows the clock of the machine if that is set forward', async () => {
  const machine = new SimulatedClock();
  const clock = new SteadyClock(machine);
  const startMs = clock.now();
  machine.setBack(-60_000);
  await machine.advance(1_000);
  expect(clock.now()).toBe(startMs + 61_000);
});
