import { randomUUID } from 'node:crypto';
import {
  backoffMs,
  type Clock,
  displayMessage,
  errorMessage,
  jittered,
  mapConcurrently,
  type Random,
  sleep,
  withDeadline,
} from '@vault-swarm/kernel';
import type { SecretValue } from '@vault-swarm/provider';
import type { FailedTask, RolloutReport, Workload, WorkloadTask, WriteOutcome } from '@vault-swarm/rotation';
import type { GroupLimits, GroupOptions, WorkerContext } from './group-options.ts';
import { redact, WorkerLife } from './worker-life.ts';

const FIRST_BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 60_000;
/** How many workers start at the same time when the group starts. */
const START_PARALLEL = 10;
/** Only the failures of the latest rollout count; there may be one for each worker. */
const MAX_FAILURES = 100;

/** What a group needs from the rotator. */
export interface GroupPorts {
  readonly clock: Clock;
  readonly random: Random;
  /** The value for this life of a worker. Rejects with the reason if there is none. */
  readonly deliver: (secret: string, taskId: string) => Promise<SecretValue>;
  /** Stores the generation, so that it survives a restart. */
  readonly saveGeneration: (generation: number) => Promise<void>;
  /** Called after each change of {@link WorkerGroup.workload}. */
  readonly onChange: () => void;
  /** A worker failed, or could not be stopped. */
  readonly onWorkerFailed: (message: string) => void;
}

/** One of the places of a group. */
interface Slot<Worker> {
  readonly index: number;
  /** The life in use; `null` while none runs. */
  life: WorkerLife<Worker> | null;
  /** The life that starts now, beside or instead of `life`. */
  next: WorkerLife<Worker> | null;
  /** Ends when `next` runs or has failed. */
  starting: Promise<unknown>;
  /** Failures in a row: a worker that ran for a minute ends the row. */
  retries: number;
}

/** Starts or updates a worker in a new life. */
type Work<Worker, Name extends string> = (life: WorkerLife<Worker>, context: WorkerContext<Name>) => Promise<Worker>;

/**
 * Keeps a number of workers running, and replaces them one after the other. A new worker starts before the old one is
 * stopped. The first new worker that fails pauses the rollout: the old workers stay.
 */
export class WorkerGroup<Worker, Name extends string> {
  readonly name: string;
  readonly #options: GroupOptions<Worker, Name>;
  readonly #limits: GroupLimits;
  readonly #ports: GroupPorts;
  readonly #slots: readonly Slot<Worker>[];
  readonly #closing = new AbortController();
  readonly #background = new Set<Promise<unknown>>();
  #failures: readonly FailedTask[] = [];
  #version = 1;
  #generation: number;
  /** Counts the calls of `roll`, so that an earlier one ends. */
  #round = 0;
  #rollout: RolloutReport = { state: 'none', message: '', startedAtMs: null, resumable: true };

  constructor(
    name: string,
    options: GroupOptions<Worker, Name>,
    limits: GroupLimits,
    ports: GroupPorts & { readonly generation: number },
  ) {
    this.name = name;
    this.#options = options;
    this.#limits = limits;
    this.#ports = ports;
    this.#generation = ports.generation;
    this.#slots = Array.from({ length: limits.size }, (_, index) => {
      return { index, life: null, next: null, starting: Promise.resolve(), retries: 0 };
    });
  }

  /** The running workers, by their number. */
  get workers(): readonly Worker[] {
    return this.#slots.flatMap(({ life }) => (life?.worker ? [life.worker.value] : []));
  }

  /** Whether all its workers run, and none is being replaced. */
  get isRunning(): boolean {
    return this.#slots.every(({ life, next }) => life !== null && next === null);
  }

  get failures(): readonly FailedTask[] {
    return this.#failures;
  }

  /** @param secretIds the ids of its secrets. */
  workload(secretIds: readonly string[]): Workload {
    const { onFailure } = this.#options;
    return {
      id: this.name,
      name: this.name,
      version: this.#version,
      generation: this.#generation,
      fingerprint: '',
      kind: 'service',
      desiredTasks: this.#limits.size,
      secretIds,
      formerSecretIds: [],
      rollout: this.#rollout,
      tasks: this.#lives().map(({ task }) => task),
      ...(onFailure === undefined ? {} : { onFailure }),
    };
  }

  /** `null` if no life has this id. */
  findTask(taskId: string): WorkloadTask | null {
    return this.#lives().find(({ id }) => id === taskId)?.task ?? null;
  }

  /** Starts all workers. */
  start(): void {
    this.#inBackground(mapConcurrently(this.#slots, START_PARALLEL, (slot) => this.#fill(slot)));
  }

  /** Replaces all workers of other generations, or continues to do so. */
  async roll(version: number, generation: number): Promise<WriteOutcome> {
    if (version !== this.#version) return 'conflict';
    this.#version += 1;
    await this.#ports.saveGeneration(generation);
    this.#generation = generation;
    this.#round += 1;
    this.#report('rolling', '');
    this.#inBackground(this.#replaceAll(this.#round));
    return 'applied';
  }

  /** Stops all workers, and waits for what runs. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the rotator is closed'));
    for (const life of this.#lives()) if (life.worker === null) life.end();
    await Promise.all(this.#background);
    await Promise.all(this.#slots.flatMap(({ life }) => (life === null ? [] : [this.#stop(life)])));
  }

  #lives(): readonly WorkerLife<Worker>[] {
    return this.#slots.flatMap(({ life, next }) => [life, next].filter((each) => each !== null));
  }

  /** Starts a worker in a slot without one. After failures, it waits longer each time. */
  async #fill(slot: Slot<Worker>): Promise<void> {
    const { clock, random } = this.#ports;
    const { signal } = this.#closing;
    for (;;) {
      if (slot.retries > 0) {
        const waitMs = jittered(backoffMs(FIRST_BACKOFF_MS, MAX_BACKOFF_MS, slot.retries - 1), random);
        await sleep(clock, waitMs, signal).catch(() => undefined);
      }
      // A rollout may be starting one.
      await slot.starting;
      if (signal.aborted || slot.life !== null) return;
      if (await this.#startLife(slot, (_, context) => this.#startWorker(context))) return;
      slot.retries += 1;
    }
  }

  async #replaceAll(round: number): Promise<void> {
    const isCurrent = () => this.#round === round && this.#rollout.state === 'rolling' && !this.#closing.signal.aborted;
    let hasReplaced = false;
    await mapConcurrently(this.#slots, this.#limits.parallel, async (slot) => {
      // A worker that was starting when the rollout started has the generation of its start.
      await slot.starting;
      if (!isCurrent() || slot.life === null || slot.life.generation === this.#generation) return;
      hasReplaced = true;
      await this.#replace(slot);
    });
    const { monitorMs } = this.#limits;
    if (hasReplaced) await sleep(this.#ports.clock, monitorMs, this.#closing.signal).catch(() => undefined);
    if (isCurrent()) this.#report('completed', '');
  }

  async #replace(slot: Slot<Worker>): Promise<void> {
    const old = slot.life;
    let isUpdateFailed = false;
    const isReplaced = await this.#startLife(slot, async (life, context) => {
      if (old?.worker != null) {
        const { value } = old.worker;
        const outcome = await this.#update(value, context);
        if (outcome === 'updated' && !old.isEnded) {
          old.handOver(life);
          return value;
        }
        isUpdateFailed = outcome === 'failed';
      }
      return this.#startWorker(context);
    });
    if (old === null) return;
    if (old.isEnded) old.wipe();
    else if (isReplaced) await this.#stop(old);
    else if (isUpdateFailed) this.#refill(slot, old);
  }

  async #update(worker: Worker, context: WorkerContext<Name>): Promise<'updated' | 'failed' | 'unsupported'> {
    if (this.#options.update === undefined) return 'unsupported';
    try {
      await this.#options.update(worker, context);
      return 'updated';
    } catch (error) {
      context.signal.throwIfAborted();
      const reason = displayMessage(redact(errorMessage(error), Object.values(context.secrets)));
      this.#ports.onWorkerFailed(`worker ${context.index} could not be updated, so another one is started: ${reason}`);
      return 'failed';
    }
  }

  /** Stops a worker that can't be used any more, and starts another one. */
  #refill(slot: Slot<Worker>, life: WorkerLife<Worker>): void {
    if (slot.life === life) slot.life = null;
    this.#inBackground(this.#stop(life).then(() => this.#fill(slot)));
  }

  /** Starts the next life of a slot, which then takes the place of the earlier one. Returns whether it runs. */
  #startLife(slot: Slot<Worker>, work: Work<Worker, Name>): Promise<boolean> {
    const life = new WorkerLife<Worker>(randomUUID(), slot.index, this.#generation, this.#ports.clock);
    slot.next = life;
    this.#ports.onChange();
    const starting = this.#run(slot, life, work);
    slot.starting = starting;
    return starting;
  }

  async #run(slot: Slot<Worker>, life: WorkerLife<Worker>, work: Work<Worker, Name>): Promise<boolean> {
    try {
      const { clock } = this.#ports;
      const worker = await withDeadline(clock, this.#limits.startTimeoutMs, life.signal, async (signal) => {
        const secrets = await this.#deliver(life);
        return work(life, { secrets, index: life.index, signal, fail: (error) => this.#reported(life.latest, error) });
      });
      slot.next = null;
      life.run(worker);
      slot.life = life;
      this.#ports.onChange();
      return true;
    } catch (error) {
      slot.next = null;
      // It may have reported a failure itself.
      if (!life.isEnded) this.#failed(life, error);
      life.wipe();
      return false;
    }
  }

  /** If it starts after its deadline, or after it reported a failure, nobody else stops it. */
  async #startWorker(context: WorkerContext<Name>): Promise<Worker> {
    const worker = await this.#options.start(context);
    if (!context.signal.aborted) return worker;
    await this.#stopWorker(context.index, worker);
    throw context.signal.reason;
  }

  async #deliver(life: WorkerLife<Worker>): Promise<Record<Name, SecretValue>> {
    const names = Object.keys(this.#options.secrets) as Name[];
    const read = await Promise.allSettled(names.map((name) => this.#ports.deliver(name, life.id)));
    const values = read.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const failed = read.findIndex(({ status }) => status === 'rejected');
    if (failed >= 0 || life.isEnded) {
      for (const value of values) value.wipe();
      const result = read[failed];
      throw new Error(
        result?.status === 'rejected' ? `${names[failed]}: ${errorMessage(result.reason)}` : 'it is ended',
      );
    }
    life.give(values);
    return Object.fromEntries(names.map((name, index) => [name, values[index]])) as Record<Name, SecretValue>;
  }

  /** The worker itself reported a failure. */
  #reported(life: WorkerLife<Worker>, error: unknown): void {
    if (life.isEnded) return;
    this.#failed(life, error);
    const slot = this.#slots[life.index];
    if (slot?.life !== life) return;
    const ranForMs = this.#ports.clock.now() - life.createdAtMs;
    slot.retries = ranForMs > MAX_BACKOFF_MS ? 0 : slot.retries + 1;
    this.#refill(slot, life);
  }

  #failed(life: WorkerLife<Worker>, error: unknown): void {
    const failure = life.failure(error);
    life.end();
    if (this.#closing.signal.aborted) return;
    this.#failures = [...this.#failures, failure].slice(-MAX_FAILURES);
    this.#ports.onWorkerFailed(`worker ${life.index} failed: ${failure.message}`);
    const isOfRollout = this.#rollout.state === 'rolling' && life.generation === this.#generation;
    if (isOfRollout) this.#report('paused', failure.message);
    else this.#ports.onChange();
  }

  async #stop(life: WorkerLife<Worker>): Promise<void> {
    const { worker } = life;
    life.end();
    this.#ports.onChange();
    if (worker !== null) await this.#stopWorker(life.index, worker.value);
    life.wipe();
  }

  async #stopWorker(index: number, worker: Worker): Promise<void> {
    try {
      await this.#options.stop?.(worker);
    } catch (error) {
      // Its message may quote a secret, which may be wiped by now.
      const kind = error instanceof Error ? error.name : typeof error;
      this.#ports.onWorkerFailed(`worker ${index} could not be stopped: ${kind}`);
    }
  }

  #report(state: RolloutReport['state'], message: string): void {
    const startedAtMs = state === 'rolling' ? this.#ports.clock.now() : this.#rollout.startedAtMs;
    this.#rollout = { state, message, startedAtMs, resumable: true };
    this.#ports.onChange();
  }

  /** `close` waits for it. */
  #inBackground(work: Promise<unknown>): void {
    this.#background.add(work);
    void work.finally(() => this.#background.delete(work));
  }
}
