import type { RotateRequest } from '@vault-swarm/rotation';
import express, { type RequestHandler } from 'express';
import { answerProblem } from './answer.ts';

const MAX_BYTES = 4096;

/** What a body must be, for who sent another one. */
export const ROTATE_BODY =
  'Send one of {"secret": "NAME"}, {"service": "NAME"} and {"set_aside": true}, and nothing else.';

const JSON_TYPE = /^application\/json *(;|$)/i;

/** Refuses every body that does not say that it is JSON; a plain form of another site can't say so. */
export const onlyJson: RequestHandler = (request, response, next) => {
  if (JSON_TYPE.test(request.headers['content-type'] ?? '')) next();
  else answerProblem(response, 415, 'Send the header "Content-Type: application/json".');
};

const parse = express.json({ limit: MAX_BYTES, inflate: false, type: () => true });

/** Reads a JSON body of at most 4 KiB. */
export const readBody: RequestHandler = (request, response, next) => {
  parse(request, response, (error?: unknown) => {
    if (error === undefined) next();
    else if (statusOf(error) === 415) answerProblem(response, 415, 'Send the body as UTF-8, and not compressed.');
    else if (statusOf(error) === 413) answerProblem(response, 400, `The body is over 4 KiB. ${ROTATE_BODY}`);
    else answerProblem(response, 400, `The body is not JSON. ${ROTATE_BODY}`);
  });
};

/** The request that a body means; `null` where it is none. */
export function parseRotateRequest(body: unknown): RotateRequest | null {
  if (typeof body !== 'object' || body === null) return null;
  const [entry, ...others] = Object.entries(body);
  if (entry === undefined || others.length > 0) return null;
  const [key, value]: [string, unknown] = entry;
  if (key === 'set_aside') return value === true ? { kind: 'set-aside' } : null;
  if ((key !== 'secret' && key !== 'service') || typeof value !== 'string' || value === '') return null;
  return { kind: key, name: value };
}

function statusOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined;
}
