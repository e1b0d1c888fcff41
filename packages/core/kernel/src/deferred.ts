import type { Clock } from './platform-ports.ts';

/** Something that is made later, for callers that may wait for it. */
export class Deferred<T> {
  readonly #made = Promise.withResolvers<T>();
  #value: T | null = null;

  /** `null` until it is made. */
  get value(): T | null {
    return this.#value;
  }

  /** It is made. Only the first call counts. */
  provide(value: T): void {
    this.#value ??= value;
    this.#made.resolve(value);
  }

  /** Resolves when it is made, or with `null` after `maxMs` milliseconds. */
  async within(clock: Clock, maxMs: number): Promise<T | null> {
    const tooLate = Promise.withResolvers<null>();
    const cancel = clock.after(Math.max(0, maxMs), () => tooLate.resolve(null));
    try {
      return await Promise.race([this.#made.promise, tooLate.promise]);
    } finally {
      cancel();
    }
  }
}
