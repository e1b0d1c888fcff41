import type { Request, RequestHandler } from 'express';
import type { CallerAccess } from '../api/overview.ts';
import { streamQuerySchema } from '../api/parameters.ts';
import { readQuery } from '../query.ts';
import { sendProblem } from '../send.ts';
import type { Streams } from '../stream.ts';
import type { Route } from './route.ts';

const RETRY_AFTER_SECONDS = 10;

/** `GET /api/v1/stream`: server-sent events, as long as the request has access. */
export const streamRoute: Route = {
  method: 'get',
  path: '/api/v1/stream',
  access: 'read',
  summary:
    'Server-sent events: `overview` (Overview), at most each second and at least each 10 s; `event` (Event) with its id, ' +
    'resumed by Last-Event-ID; `changed` (Changed), when a list has another ETag',
  query: streamQuerySchema,
  responses: { 200: 'text/event-stream' },
  problems: [503],
  handlers: ({ streams, access }) => [streamHandler(streams, (request) => access.of(request))],
};

function streamHandler(streams: Streams, accessOf: (request: Request) => CallerAccess | null): RequestHandler {
  return (request, response) => {
    const query = readQuery(streamQuerySchema, request, response);
    if (query === null) return;
    if (streams.isFull) {
      response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
      sendProblem(response, 503, 'There are too many streams; try again later, or poll without a stream.');
      return;
    }
    response.statusCode = 200;
    response.setHeader('Content-Type', 'text/event-stream');
    // Proxies that buffer responses would delay events.
    response.setHeader('X-Accel-Buffering', 'no');
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    response.flushHeaders();
    streams.add(response, () => accessOf(request), lastEventId(request) ?? query.after ?? null);
  };
}

function lastEventId({ headers }: Request): number | null {
  const given = headers['last-event-id'];
  return typeof given === 'string' && /^\d{1,16}$/.test(given) ? Number(given) : null;
}
