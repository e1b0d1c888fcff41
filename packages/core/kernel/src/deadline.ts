import type { Clock } from './platform-ports.ts';

/** The reason that an {@link withDeadline} signal is aborted with when its time is up. */
export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
  readonly deadlineMs: number;

  constructor(deadlineMs: number) {
    super(`not done within ${deadlineMs} ms`);
    this.deadlineMs = deadlineMs;
  }
}

/**
 * Runs `work` for at most `deadlineMs`: then its signal is aborted and the promise rejects with
 * {@link DeadlineExceeded}, whether or not `work` heeds the signal. An abort of `parent` rejects with its reason.
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
    const cancelTimer = clock.after(deadlineMs, () => cut(new DeadlineExceeded(deadlineMs)));
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
