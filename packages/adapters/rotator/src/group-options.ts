import type { Labels, SecretValue } from '@vault-swarm/provider';
import { durationOption, positiveInteger } from './option-values.ts';

/** What `start` and `update` get. */
export interface WorkerContext<Name extends string> {
  /**
   * The secrets of the group, by the names in its options. They are wiped after the worker was stopped, or got newer
   * ones by `update`: copy what you keep for longer.
   */
  readonly secrets: Readonly<Record<Name, SecretValue>>;
  /** The number of the worker in its group, from 0. Its replacement has the same number. */
  readonly index: number;
  /** Aborted if the worker is not needed any more, or if it takes longer than `startTimeout`. */
  readonly signal: AbortSignal;
  /**
   * Reports that the worker does not work any more. The rotator stops it and starts another one. If the worker has new
   * secrets and their rollout is not completed, the report counts against them.
   */
  fail(error: unknown): void;
}

/** A group of workers that use the same secrets. */
export interface GroupOptions<Worker, Name extends string> {
  /** How many workers run. A positive integer. */
  readonly size: number;
  /** For each secret: labels that say where its value is, such as `{ vault_path: 'shop/db', vault_field: 'password' }`. */
  readonly secrets: Readonly<Record<Name, Labels>>;
  /** Starts a worker. It works once the promise is resolved. If it rejects, the worker failed. */
  start(context: WorkerContext<Name>): Worker | Promise<Worker>;
  /**
   * Gives a running worker new secrets. Without it, or if it rejects, the rotator starts another worker with them, and
   * then stops this one.
   */
  update?(worker: Worker, context: WorkerContext<Name>): unknown;
  /** Stops a worker. The rotator waits for the promise, if it returns one. */
  stop?(worker: Worker): unknown;
  /**
   * What happens if new secrets make a worker fail: `rollback` (default) gives the group the last good ones, `pause`
   * waits for newer ones. In both cases the other workers keep what they have.
   */
  readonly onFailure?: 'rollback' | 'pause';
  /** How many workers are replaced at the same time. Default 1. */
  readonly parallel?: number;
  /** A rollout is completed if no new worker failed for this long. Default `1s`. */
  readonly monitor?: string;
  /** A worker that takes longer to start has failed. Default `1m`. */
  readonly startTimeout?: string;
}

/** Checked numbers of {@link GroupOptions}. */
export interface GroupLimits {
  readonly size: number;
  readonly parallel: number;
  readonly monitorMs: number;
  readonly startTimeoutMs: number;
}

/** @throws {TypeError} names the option, what was given, and what is allowed. */
export function groupLimits({
  size,
  parallel = 1,
  monitor = '1s',
  startTimeout = '1m',
}: Pick<GroupOptions<unknown, string>, 'size' | 'parallel' | 'monitor' | 'startTimeout'>): GroupLimits {
  return {
    size: positiveInteger('size', size),
    parallel: positiveInteger('parallel', parallel),
    monitorMs: durationOption('monitor', monitor, 0),
    startTimeoutMs: durationOption('startTimeout', startTimeout, 1),
  };
}
