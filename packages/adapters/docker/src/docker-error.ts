import { displayMessage } from '@vault-swarm/kernel';
import { AccessDenied } from '@vault-swarm/rotation';

/** A call that failed or was answered with an error. The message has the call and the start of the engine's reason. */
export class DockerError extends Error {
  override readonly name = 'DockerError';
  /** The HTTP status; `undefined` if there was no complete response. */
  readonly status: number | undefined;

  /** The complete reason of the engine. The message may have only its start. */
  readonly #reason: string;

  constructor(message: string, status?: number, cause?: unknown, reason = message) {
    super(displayMessage(message), cause === undefined ? undefined : { cause });
    this.status = status;
    this.#reason = reason;
  }

  /** Whether the engine's reason ends with these words. The words before them may be names chosen by others. */
  endsWith(words: string): boolean {
    return this.#reason.endsWith(words);
  }
}

/** Whether the object does not exist. */
export function isMissing(error: unknown): boolean {
  return error instanceof DockerError && error.status === 404;
}

/** Whether another client wrote first. Swarm reports this with status 500 and a fixed text. */
export function isOutOfSequence(error: unknown): boolean {
  return error instanceof DockerError && error.endsWith('update out of sequence');
}

/**
 * Whether the engine rejected the call permanently, so that a retry would fail too. Between two leaders, or while its
 * store is locked, the engine answers 500 or 503 or not at all: that is not permanent.
 */
export function isRefusal(error: unknown): boolean {
  if (error instanceof AccessDenied) return true;
  if (!(error instanceof DockerError) || error.status === undefined) return false;
  if (error.endsWith("raft message is too large and can't be sent")) return true;
  return (
    (error.status >= 400 && error.status < 500 && error.status !== 408 && error.status !== 429) || error.status === 501
  );
}
