import { type Clock, DeadlineExceeded, withDeadline } from '@vault-swarm/provider';
import { type RotateByHand, type RotateRefusal, RotateRefused } from '@vault-swarm/rotation';
import type { RequestHandler, Response } from 'express';
import { rateLimit } from 'express-rate-limit';
import { answerJson, answerProblem } from './answer.ts';
import { onlyJson, parseRotateRequest, ROTATE_BODY, readBody } from './rotate-body.ts';
import { onlyFromOwnSite } from './same-site.ts';

const DEADLINE_MS = 20_000;
const RETRY_AFTER_SECONDS = 5;
const LIMIT = { windowMs: 60_000, limit: 10 };

const STATUS: Readonly<Record<RotateRefusal, number>> = { UNKNOWN: 404, DISABLED: 409, UNAVAILABLE: 503 };

/**
 * `POST /api/v1/rotate`: passes a request by hand on, and answers 202 with what becomes of it. What another site's page
 * made a browser send, or is no JSON, does not count for the limit: nobody who may not ask can use it up.
 */
export function rotateRoute(rotateByHand: RotateByHand, clock: Clock): readonly RequestHandler[] {
  return [onlyFromOwnSite, onlyJson, limited(), readBody, passOn(rotateByHand, clock)];
}

/** Each request costs Docker and the providers some calls, whoever sends it: so the limit is one for all. */
function limited(): RequestHandler {
  return rateLimit({
    ...LIMIT,
    keyGenerator: () => 'all',
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    handler: (_request, response) => {
      answerProblem(response, 429, 'More than 10 requests in a minute; the header Retry-After says when to try again.');
    },
  });
}

function passOn(rotateByHand: RotateByHand, clock: Clock): RequestHandler {
  return async (request, response) => {
    const wanted = parseRotateRequest(request.body);
    if (wanted === null) {
      answerProblem(response, 400, ROTATE_BODY);
      return;
    }
    const gone = abortedWhenClosed(response);
    try {
      const services = await withDeadline(clock, DEADLINE_MS, gone, (signal) =>
        rotateByHand.rotate(wanted, { signal }),
      );
      answerJson(response, 202, { services });
    } catch (error) {
      if (gone.aborted) return;
      answerRefusal(response, refusalOf(error));
    }
  };
}

/** Aborted when the client goes away before it is answered. */
function abortedWhenClosed(response: Response): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => controller.abort(new Error('the client went away')));
  return controller.signal;
}

/** @throws what is no refusal: a fault of ours, which the log should have. */
function refusalOf(error: unknown): RotateRefused {
  if (error instanceof RotateRefused) return error;
  if (error instanceof DeadlineExceeded) {
    return new RotateRefused('UNAVAILABLE', 'Docker did not answer in time; try again when it does');
  }
  throw error;
}

function answerRefusal(response: Response, { code, message }: RotateRefused): void {
  if (code === 'UNAVAILABLE') response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
  answerProblem(response, STATUS[code], message);
}
