import type { RequestHandler } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import { sendProblem } from '../send.ts';

const LIMIT = { windowMs: 60_000, limit: 10 };

/**
 * Limits failed sign-ins per address. Only failed requests get here. A correct token is always accepted, so no client
 * can lock out another one that shares its address. A token's length prevents guessing; this limit makes each guess
 * cost a connection.
 */
export function limitFailedSignIns(): RequestHandler {
  return rateLimit({
    ...LIMIT,
    // The address of the connection, because a client can forge headers.
    keyGenerator: ({ socket }) => ipKeyGenerator(socket.remoteAddress ?? '::'),
    standardHeaders: false,
    legacyHeaders: false,
    validate: false,
    handler: (_request, response, _next, { windowMs }) => {
      response.setHeader('Retry-After', Math.ceil(windowMs / 1_000));
      response.setHeader('Connection', 'close');
      sendProblem(response, 429, 'Too many wrong tokens were sent from this address within a minute.');
    },
  });
}
