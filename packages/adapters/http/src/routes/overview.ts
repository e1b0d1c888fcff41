import { overviewSchema } from '../api/index.ts';
import { etagOf } from '../etag.ts';
import { sendTagged } from '../send.ts';
import type { Route } from './route.ts';

/** `GET /api/v1/overview`. */
export const overviewRoute: Route = {
  method: 'get',
  path: '/api/v1/overview',
  access: 'read',
  summary: 'Health, figures, providers, and the number of secrets and services',
  responses: { 200: overviewSchema },
  isTagged: true,
  handlers: ({ access, overview }) => [
    (request, response) => {
      const body = `${JSON.stringify(overview(access.of(request) ?? 'view'))}\n`;
      sendTagged(request, response, etagOf([body]), () => body);
    },
  ],
};
