import { type Clock, errorMessage, sleep } from '@vault-swarm/kernel';
import type { Events } from '@vault-swarm/provider';

/** What {@link untilDone} needs. */
export interface UntilDoneOptions {
  readonly clock: Clock;
  readonly events: Events;
  /** What is attempted, for messages: `the health check of providers`. */
  readonly name: string;
  readonly pauseMs: number;
  readonly signal: AbortSignal;
}

/**
 * Attempts it again and again, after a pause each time, until it resolves to `true` or `signal` is aborted. An attempt that fails is
 * reported as `plugin.warning`, once for each message, and is followed by the next one: it ends no process. Never rejects.
 */
export async function untilDone(
  attempt: () => Promise<boolean>,
  { clock, events, name, pauseMs, signal }: UntilDoneOptions,
): Promise<void> {
  let reported = '';
  while (!signal.aborted) {
    try {
      if (await attempt()) return;
      reported = '';
    } catch (error) {
      const message = `${name} failed, and is tried again: ${errorMessage(error)}`;
      if (message !== reported && !signal.aborted) events.emit({ type: 'plugin.warning', message });
      reported = message;
    }
    await sleep(clock, pauseMs, signal).catch(() => {});
  }
}
