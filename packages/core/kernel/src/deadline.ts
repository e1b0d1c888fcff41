import type { Clock } from './platform-ports.ts';

/** The abort reason of a {@link withDeadline} signal whose deadline passed. */
export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
  readonly deadlineMs: number;

  constructor(deadlineMs: number) {
    super(`not done within ${deadlineMs} ms`);
    this.deadlineMs = deadlineMs;
  }
}

/**
 * Runs `work` for at most `deadlineMs`. Then its signal is aborted, and the promise rejects with {@link
 * DeadlineExceeded}, even if `work` ignores the signal. If `parent` is aborted, the promise rejects with its reason.
 */
export function withDeadline<T>(
  clock: Clock,
  deadlineMs: number,
  parent: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const controller = new AbortController();
    const cut = (reason: unknown) => {
      controller.abort(reason);
      settle();
      reject(reason);
    };
    const onParentAbort = () => cut(parent?.reason);
    const cancelTimer = clock.after(Math.max(0, deadlineMs), () => cut(new DeadlineExceeded(deadlineMs)));
    const settle = () => {
      cancelTimer();
      parent?.removeEventListener('abort', onParentAbort);
    };
    if (parent?.aborted === true) {
      onParentAbort();
      return;
    }
    parent?.addEventListener('abort', onParentAbort, { once: true });
    (async () => work(controller.signal))().then(resolve, reject).finally(settle);
  });
}
