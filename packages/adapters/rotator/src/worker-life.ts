import { type Clock, displayMessage, errorMessage } from '@vault-swarm/kernel';
import type { SecretValue } from '@vault-swarm/provider';
import type { FailedTask, WorkloadTask } from '@vault-swarm/rotation';

/** A shorter value may be a part of ordinary words, so it is not searched for. */
const MIN_REDACTED_LENGTH = 4;

/**
 * One life of a worker: from its start, or from an update of its secrets, until its replacement or its next update. It
 * is a task of the rotation.
 */
export class WorkerLife<Worker> {
  /** No other life has this id, also not one of an earlier process. */
  readonly id: string;
  readonly index: number;
  readonly generation: number;
  readonly createdAtMs: number;
  readonly #stopping = new AbortController();
  readonly #clock: Clock;
  #state: WorkloadTask['state'] = 'starting';
  #ranSinceMs: number | null = null;
  #secrets: readonly SecretValue[] = [];
  #worker: { readonly value: Worker } | null = null;
  #next: WorkerLife<Worker> | null = null;

  constructor(id: string, index: number, generation: number, clock: Clock) {
    this.id = id;
    this.index = index;
    this.generation = generation;
    this.#clock = clock;
    this.createdAtMs = clock.now();
  }

  /** Aborted when the worker is not needed any more. */
  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  get isEnded(): boolean {
    return this.#state === 'ended';
  }

  /** The running worker; `null` before it runs, and after it was handed over. */
  get worker(): { readonly value: Worker } | null {
    return this.#worker;
  }

  /** The life that has the worker now: this one, or the one after its latest update. */
  get latest(): WorkerLife<Worker> {
    return this.#next?.latest ?? this;
  }

  get task(): WorkloadTask {
    return {
      id: this.id,
      generation: this.generation,
      createdAtMs: this.createdAtMs,
      state: this.#state,
      reason: '',
    };
  }

  /** The secrets of this life. {@link wipe} wipes them. */
  give(secrets: readonly SecretValue[]): void {
    this.#secrets = secrets;
  }

  run(value: Worker): void {
    this.#worker = { value };
    this.#ranSinceMs = this.#clock.now();
    this.#state = 'running';
  }

  /** The worker goes on in `next`, with newer secrets. */
  handOver(next: WorkerLife<Worker>): void {
    this.#worker = null;
    this.#next = next;
    this.#state = 'ended';
  }

  /** The worker is not used any more. It still has to be stopped. */
  end(): void {
    this.#state = 'ended';
    this.#stopping.abort();
  }

  /** Wipes its secrets. Nobody may use them any more. */
  wipe(): void {
    for (const secret of this.#secrets) secret.wipe();
    this.#secrets = [];
  }

  /**
   * How this life failed. Its secrets can be the cause only if it got them. Errors of clients and drivers may quote a
   * password, so the values are removed from the message.
   */
  failure(error: unknown): FailedTask {
    const isDelivered = this.#secrets.length > 0;
    const endedAtMs = this.#clock.now();
    return {
      id: this.id,
      generation: this.generation,
      fingerprint: '',
      started: isDelivered,
      undelivered: !isDelivered,
      nodeReady: true,
      ranMs: this.#ranSinceMs === null ? null : endedAtMs - this.#ranSinceMs,
      endedAtMs,
      message: displayMessage(redact(errorMessage(error), this.#secrets)),
    };
  }
}

/** The message without the values of these secrets. */
export function redact(message: string, secrets: readonly SecretValue[]): string {
  let redacted = message;
  for (const secret of secrets) {
    const text = new TextDecoder().decode(secret.reveal());
    if (text.length >= MIN_REDACTED_LENGTH) redacted = redacted.replaceAll(text, '[redacted]');
  }
  return redacted;
}
