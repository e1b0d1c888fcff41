import type { RequestHandler } from 'express';
import { rateLimit } from 'express-rate-limit';
import { sendProblem } from './send.ts';

/** Limits requests that cause calls to the orchestrator or the providers. The limit is one for all clients. */
export function limited({ windowMs, limit }: { readonly windowMs: number; readonly limit: number }): RequestHandler {
  const detail = `More than ${limit} requests in a minute; the header Retry-After says when to try again.`;
  return rateLimit({
    windowMs,
    limit,
    keyGenerator: () => 'all',
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    validate: false,
    handler: (_request, response) => sendProblem(response, 429, detail),
  });
}
