import { historySchema } from '../api/history.ts';
import { etagOf } from '../etag.ts';
import { sendTagged } from '../send.ts';
import type { Route } from './route.ts';

/** `GET /api/v1/history`. */
export const historyRoute: Route = {
  method: 'get',
  path: '/api/v1/history',
  access: 'read',
  summary: 'The figures of the last hour',
  responses: { 200: historySchema },
  isTagged: true,
  handlers: ({ sources }) => [
    (request, response) => {
      const body = `${JSON.stringify(sources.history())}\n`;
      sendTagged(request, response, etagOf([body]), () => body);
    },
  ],
};
