import type { Clock } from '@vault-swarm/kernel';
import type { TimedEvent } from '@vault-swarm/provider';

/** How long after the latest response the plugin counts as idle. */
const IDLE_AFTER_MS = 2_000;

/** After fewer responses there is little garbage. */
const MIN_ANSWERS = 500;

/**
 * Collects garbage once the plugin is idle after its start or many requests. V8 collects only when it needs memory, so
 * garbage would stay for hours. A collection blocks the process for about 20 ms, so it must not run between requests.
 */
export class IdleCollection {
  readonly #clock: Pick<Clock, 'after'>;
  readonly #collect: () => void;
  #answers = MIN_ANSWERS;
  #answersBefore = 0;
  #isWaiting = false;

  /** Waits for the first idle moment. */
  constructor(clock: Pick<Clock, 'after'>, collect: () => void) {
    this.#clock = clock;
    this.#collect = collect;
    this.#wait();
  }

  /** Must be called with every event. */
  observe({ type }: TimedEvent): void {
    if (type !== 'secret.delivered' && type !== 'delivery.failed') return;
    this.#answers += 1;
    if (!this.#isWaiting && this.#answers >= MIN_ANSWERS) this.#wait();
  }

  #wait(): void {
    this.#isWaiting = true;
    this.#answersBefore = this.#answers;
    this.#clock.after(IDLE_AFTER_MS, () => {
      if (this.#answers !== this.#answersBefore) return this.#wait();
      this.#isWaiting = false;
      this.#answers = 0;
      this.#collect();
    });
  }
}
