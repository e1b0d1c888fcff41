import express, { type RequestHandler } from 'express';
import { sendProblem } from './send.ts';

const MAX_BYTES = 4096;
const KIB = 1024;

const JSON_TYPE = /^application\/json *(;|$)/i;

/** Rejects a body whose type is not JSON. A plain HTML form of another site can't send that type. */
export const onlyJson: RequestHandler = (request, response, next) => {
  if (JSON_TYPE.test(request.headers['content-type'] ?? '')) next();
  else sendProblem(response, 415, 'Send the header "Content-Type: application/json".');
};

/** Reads a JSON body of at most 4 KiB, or `maxBytes`. `expected` describes the body, for the error message. */
export function readBody(expected: string, maxBytes = MAX_BYTES): RequestHandler {
  const parse = express.json({ limit: maxBytes, inflate: false, type: () => true });
  return (request, response, next) => {
    parse(request, response, (error?: unknown) => {
      if (error === undefined) next();
      else if (statusOf(error) === 415) sendProblem(response, 415, 'Send the body as UTF-8 without compression.');
      else if (statusOf(error) === 413)
        sendProblem(response, 400, `The body is over ${maxBytes / KIB} KiB. ${expected}`);
      else sendProblem(response, 400, `The body is not JSON. ${expected}`);
    });
  };
}

function statusOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined;
}
