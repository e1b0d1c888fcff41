import type { Clock, NamedEvent } from '@vault-swarm/kernel';
import type { ProductEvent } from '@vault-swarm/provider';
import type { RotationStatus } from './status.ts';

/** The longest time that a status is reused, to include changes without an event. */
const MAX_MS = 1_000;

/** Events of each task and request that do not change the rotation's status. */
const IGNORED_EVENTS: readonly ProductEvent['type'][] = [
  'secret.delivered',
  'delivery.failed',
  'access.denied',
  'provider.request-completed',
  'provider.login',
];

/**
 * Caches the rotation's status until an event. With a thousand secrets, making it takes milliseconds in which no
 * request is answered. Health checks, scrapes and each open dashboard need it.
 */
export class CachedStatus {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #read: () => RotationStatus;
  readonly #ignored: ReadonlySet<string>;
  #kept: { readonly status: RotationStatus; readonly atMs: number } | null = null;

  /** @param ignored the types of adapters' events that come with each request. */
  constructor(clock: Pick<Clock, 'monotonic'>, read: () => RotationStatus, ignored: readonly string[] = []) {
    this.#clock = clock;
    this.#read = read;
    this.#ignored = new Set([...IGNORED_EVENTS, ...ignored]);
  }

  /** Must be called with every event. */
  observe<E extends NamedEvent>({ type }: E): void {
    if (!this.#ignored.has(type)) this.#kept = null;
  }

  /** The status at the latest event, or at most a second old. The identical object until it is made again. */
  now(): RotationStatus {
    const atMs = this.#clock.monotonic();
    if (this.#kept === null || atMs - this.#kept.atMs >= MAX_MS) this.#kept = { status: this.#read(), atMs };
    return this.#kept.status;
  }
}
