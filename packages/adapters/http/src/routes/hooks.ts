import express, { type Request, type RequestHandler, type Response } from 'express';
import { hookHandshakeSchema } from '../api/hooks.ts';
import type { HookRejection } from '../monitoring-events.ts';
import { sendEmpty, sendJson, sendProblem } from '../send.ts';
import type { Route, RouteParts } from './route.ts';

/** Larger than the events of secret stores, and than nearly every push. */
const MAX_BYTES = 256 * 1024;

/** Bodies are read before they can be verified, so only this many are in memory. */
const MAX_BODIES = 16;

const RETRY_AFTER_SECONDS = 1;

const PROBLEMS: Readonly<Record<HookRejection, readonly [status: number, detail: string]>> = {
  'unknown-name': [404, 'There is no hook with this name.'],
  'too-large': [413, 'The body is over 256 KiB.'],
  unreadable: [400, 'The body could not be read.'],
  // One text for all of them: a client without the secret learns nothing about the check that failed.
  ...same(
    ['unsigned', 'signature', 'timestamp', 'replay'],
    [401, 'The signature is missing, wrong, more than 5 minutes old, or was used before.'],
  ),
};

function same<K extends string, V>(keys: readonly K[], value: V): Record<K, V> {
  return Object.fromEntries(keys.map((key) => [key, value])) as Record<K, V>;
}

/**
 * `POST /api/v1/hooks/{name}`: a hint that a provider's secrets may have changed. The signature is the authentication,
 * so any Host header is allowed and no token is needed. Rejected requests are limited like failed sign-ins.
 */
export const hooksRoute: Route = {
  method: 'post',
  path: '/api/v1/hooks/:name',
  access: 'any-host',
  summary: "Says that a provider's secrets may have changed, with the signature of the hook's kind",
  responses: { 200: hookHandshakeSchema, 202: null },
  problems: [400, 401, 404, 413, 503],
  handlers: (parts) => {
    const reject = rejectWith(parts);
    return [onlyKnown(parts, reject), limitBodies(), readBody(reject), verify(parts, reject)];
  },
};

type Reject = (request: Request, response: Response, reason: HookRejection) => void;

function rejectWith({ events, failedSignIn }: RouteParts): Reject {
  return (request, response, reason) => {
    events.emit({ type: 'hook.rejected', hook: nameOf(request), reason });
    void failedSignIn(request, response, () => sendProblem(response, ...PROBLEMS[reason]));
  };
}

function onlyKnown({ hooks }: RouteParts, reject: Reject): RequestHandler {
  return (request, response, next) => {
    if (hooks.find(nameOf(request)) !== undefined) next();
    else reject(request, response, 'unknown-name');
  };
}

function limitBodies(): RequestHandler {
  let open = 0;
  return (_request, response, next) => {
    if (open >= MAX_BODIES) {
      response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
      sendProblem(response, 503, 'Too many hooks arrive at once.');
      return;
    }
    open += 1;
    response.once('close', () => {
      open -= 1;
    });
    next();
  };
}

function readBody(reject: Reject): RequestHandler {
  const read = express.raw({ limit: MAX_BYTES, inflate: false, type: () => true });
  return (request, response, next) => {
    read(request, response, (error?: unknown) => {
      if (error === undefined) next();
      else if (request.complete || !request.destroyed)
        reject(request, response, isTooLarge(error) ? 'too-large' : 'unreadable');
    });
  };
}

function isTooLarge(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'status' in error && error.status === 413;
}

function verify({ hooks, events, sources }: RouteParts, reject: Reject): RequestHandler {
  return (request, response) => {
    const name = nameOf(request);
    const { headers, body } = request;
    const query = new URLSearchParams(request.url.split('?')[1] ?? '');
    const verdict = hooks.verify(name, { headers, query, body: Buffer.isBuffer(body) ? body : Buffer.alloc(0) });
    if (verdict.kind === 'rejected') {
      reject(request, response, verdict.reason);
    } else if (verdict.kind === 'handshake') {
      sendJson(response, 200, verdict.answer);
    } else {
      const provider = hooks.find(name)?.provider ?? '';
      events.emit({ type: 'hook.accepted', hook: name, provider });
      sources.hints.hint(provider, name);
      sendEmpty(response, 202);
    }
  };
}

function nameOf({ params }: Request): string {
  return String(params.name);
}
