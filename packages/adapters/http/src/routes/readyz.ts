import { readySchema } from '../api/plain.ts';
import { sendJson } from '../send.ts';
import type { Route } from './route.ts';

/** `GET /readyz`. */
export const readyzRoute: Route = {
  method: 'get',
  path: '/readyz',
  access: 'read',
  summary: 'Whether a provider and Docker have answered',
  responses: { 200: readySchema, 503: readySchema },
  handlers: ({ sources }) => [
    (_request, response) => {
      const waitingFor = sources.waitingFor();
      const ready = waitingFor.length === 0;
      sendJson(response, ready ? 200 : 503, { ready, waiting_for: waitingFor });
    },
  ],
};
