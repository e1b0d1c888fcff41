import type { Clock } from '@vault-swarm/kernel';
import type { TimedEvent } from '@vault-swarm/provider';
import type { RotationStatus } from '@vault-swarm/rotation';

/** The longest that a status is shown again, whatever happens: what changes without an event is seen then. */
const MAX_MS = 1_000;

/** What happens for each task and each request, and changes nothing of what the rotation knows. */
const SAYS_NOTHING: ReadonlySet<TimedEvent['type']> = new Set([
  'secret.delivered',
  'delivery.failed',
  'provider.request-completed',
  'provider.login',
  'driver.request-rejected',
  'monitoring.failed',
]);

/**
 * The rotation's status, made once for all who check it until something happens. With a thousand secrets it takes
 * milliseconds in which nobody is answered, and health checks, scrapes and each open dashboard ask for it.
 */
export class CachedStatus {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #read: () => RotationStatus;
  #kept: { readonly status: RotationStatus; readonly atMs: number } | null = null;

  constructor(clock: Pick<Clock, 'monotonic'>, read: () => RotationStatus) {
    this.#clock = clock;
    this.#read = read;
  }

  /** To be called with every event. */
  readonly observe = ({ type }: TimedEvent): void => {
    if (!SAYS_NOTHING.has(type)) this.#kept = null;
  };

  /** The status as of the latest event, or of a second ago. The very same object while it was not made again. */
  now(): RotationStatus {
    const atMs = this.#clock.monotonic();
    if (this.#kept === null || atMs - this.#kept.atMs >= MAX_MS) this.#kept = { status: this.#read(), atMs };
    return this.#kept.status;
  }
}
