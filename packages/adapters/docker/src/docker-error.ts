import { displayMessage } from '@vault-swarm/kernel';
import { AccessDenied } from '@vault-swarm/rotation';

/**
 * A call that the engine did not answer, or answered with an error. The message names the call, and the engine's reason
 * where it gave one, cut.
 */
export class DockerError extends Error {
  override readonly name = 'DockerError';
  /** The HTTP status; `undefined` where there was no (whole) answer. */
  readonly status: number | undefined;

  /** All that the engine said, which the message may have only the start of. */
  readonly #reason: string;

  constructor(message: string, status?: number, cause?: unknown, reason = message) {
    super(displayMessage(message), cause === undefined ? undefined : { cause });
    this.status = status;
    this.#reason = reason;
  }

  /** Whether the engine's reason ends with these words of its own. Before them there may be names of others. */
  endsWith(words: string): boolean {
    return this.#reason.endsWith(words);
  }
}

/** Whether there is no such object. */
export function isMissing(error: unknown): boolean {
  return error instanceof DockerError && error.status === 404;
}

/** Whether somebody else wrote first. Swarm's own word for it comes with status 500. */
export function isOutOfSequence(error: unknown): boolean {
  return error instanceof DockerError && error.endsWith('update out of sequence');
}

/**
 * Whether the engine refused for good: asking again would bring the same answer. Not so for what it does between two
 * leaders or while its store is held: it then answers 500, 503, or not at all.
 */
export function isRefusal(error: unknown): boolean {
  if (error instanceof AccessDenied) return true;
  if (!(error instanceof DockerError) || error.status === undefined) return false;
  if (error.endsWith("raft message is too large and can't be sent")) return true;
  return (
    (error.status >= 400 && error.status < 500 && error.status !== 408 && error.status !== 429) || error.status === 501
  );
}
