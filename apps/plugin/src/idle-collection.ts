import type { Clock } from '@vault-swarm/kernel';
import type { TimedEvent } from '@vault-swarm/provider';

/** So much after the latest answer the plugin counts as idle. */
const IDLE_AFTER_MS = 2_000;

/** After fewer answers there is little to collect. */
const MIN_ANSWERS = 500;

/**
 * Collects garbage once the plugin is idle after its start or a storm. V8 collects when memory is wanted, so what a start or a
 * storm left behind would stay for hours. A collection takes some 20 ms in which nobody is answered: so not amid requests.
 */
export class IdleCollection {
  readonly #clock: Pick<Clock, 'after'>;
  readonly #collect: () => void;
  #answers = MIN_ANSWERS;
  #answersBefore = 0;
  #isWaiting = false;

  /** Waits for the first idle moment from now on. */
  constructor(clock: Pick<Clock, 'after'>, collect: () => void) {
    this.#clock = clock;
    this.#collect = collect;
    this.#wait();
  }

  /** To be called with every event. */
  readonly observe = ({ type }: TimedEvent): void => {
    if (type !== 'secret.delivered' && type !== 'delivery.failed') return;
    this.#answers += 1;
    if (!this.#isWaiting && this.#answers >= MIN_ANSWERS) this.#wait();
  };

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
