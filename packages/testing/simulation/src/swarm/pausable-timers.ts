import type { Clock } from '@vault-swarm/kernel';

/** Timers of something that can be held up: what comes due meanwhile is done when it goes on. */
export class PausableTimers {
  readonly #clock: Pick<Clock, 'after'>;
  /** What came due while it was held up; `null` while it works. */
  #due: (() => void)[] | null = null;

  constructor(clock: Pick<Clock, 'after'>) {
    this.#clock = clock;
  }

  after(delayMs: number, callback: () => void): void {
    this.#clock.after(delayMs, () => {
      if (this.#due === null) callback();
      else this.#due.push(callback);
    });
  }

  holdUp(): void {
    this.#due ??= [];
  }

  goOn(): void {
    const due = this.#due ?? [];
    this.#due = null;
    for (const callback of due) callback();
  }
}
