/** Something that is to happen at a time. */
export interface Timer {
  readonly atMs: number;
  readonly order: number;
  /** `null` once it was cancelled. */
  callback: (() => void) | null;
}

/** Timers by their time, and those of one time in the order in which they were added: a binary heap. */
export class TimerQueue {
  readonly #heap: Timer[] = [];
  #order = 0;

  /** Adds a timer; the returned one is cancelled by taking its callback away. */
  add(atMs: number, callback: () => void): Timer {
    const timer: Timer = { atMs, order: this.#order++, callback };
    const heap = this.#heap;
    let index = heap.length;
    heap.push(timer);
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !isEarlier(timer, parent)) break;
      heap[index] = parent;
      index = above;
    }
    heap[index] = timer;
    return timer;
  }

  /** Takes out the earliest timer that is due at `untilMs`, or gives `null`. */
  take(untilMs: number): Timer | null {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || (first.callback !== null && first.atMs > untilMs)) return null;
      this.#removeFirst();
      if (first.callback !== null) return first;
    }
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const right = heap[left + 1];
      let child = heap[left];
      if (child === undefined) break;
      let at = left;
      if (right !== undefined && isEarlier(right, child)) {
        child = right;
        at = left + 1;
      }
      if (!isEarlier(child, last)) break;
      heap[index] = child;
      index = at;
    }
    heap[index] = last;
  }
}

function isEarlier(a: Timer, b: Timer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
