import { type Clock, DeadlineExceeded, withDeadline } from '@vault-swarm/kernel';
import { RotationRejected, type RotationRejection } from '@vault-swarm/rotation';
import type { Response } from 'express';
import { sendProblem } from './send.ts';

const DEADLINE_MS = 20_000;
const RETRY_AFTER_SECONDS = 5;

const STATUS: Readonly<Record<RotationRejection, number>> = {
  UNKNOWN: 404,
  DISABLED: 409,
  TOO_MANY_SERVICES: 422,
  UNAVAILABLE: 503,
};

/**
 * Answers with the rotation's result within 20 s, or with its rejection; not at all if the client disconnected.
 * Rethrows other errors, which are our own faults, so that they are logged.
 */
export async function sendWhenDecided<T>(
  response: Response,
  clock: Clock,
  ask: (signal: AbortSignal) => Promise<T>,
  onDecided: (decided: T) => void,
): Promise<void> {
  const gone = abortedWhenClosed(response);
  try {
    onDecided(await withDeadline(clock, DEADLINE_MS, gone, ask));
  } catch (error) {
    if (gone.aborted) return;
    const { code, message } = refusalOf(error);
    if (code === 'UNAVAILABLE') response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
    sendProblem(response, STATUS[code], message);
  }
}

function abortedWhenClosed(response: Response): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => controller.abort(new Error('the client disconnected')));
  return controller.signal;
}

function refusalOf(error: unknown): RotationRejected {
  if (error instanceof RotationRejected) return error;
  if (error instanceof DeadlineExceeded) {
    return new RotationRejected('UNAVAILABLE', 'Docker did not answer in time; try again when it does');
  }
  throw error;
}
