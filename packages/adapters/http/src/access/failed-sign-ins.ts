import type { RequestHandler } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import { sendProblem } from '../send.ts';

const LIMIT = { windowMs: 60_000, limit: 10 };

/**
 * Counts a failed sign-in of this address, and passes on unless it has failed too often. Only what failed comes here: a
 * good token is always taken, so that nobody can lock another one out, whose address it may share. What keeps a token
 * from being guessed is its length; this keeps guessing from being cheap, and each guess then costs a connection.
 */
export function limitFailedSignIns(): RequestHandler {
  return rateLimit({
    ...LIMIT,
    // Of the connection: what a header says about the address is what its sender likes.
    keyGenerator: ({ socket }) => ipKeyGenerator(socket.remoteAddress ?? '::'),
    standardHeaders: false,
    legacyHeaders: false,
    validate: false,
    handler: (_request, response, _next, { windowMs }) => {
      response.setHeader('Retry-After', Math.ceil(windowMs / 1_000));
      response.setHeader('Connection', 'close');
      sendProblem(response, 429, 'Too many wrong tokens came from this address within a minute.');
    },
  });
}
