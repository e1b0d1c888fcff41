import { metricsReport } from '@vault-swarm/metrics';
import { metricsSchema } from '../api/plain.ts';
import { sendJson } from '../send.ts';
import type { Route } from './route.ts';

/** `GET /metrics`. */
export const metricsRoute: Route = {
  method: 'get',
  path: '/metrics',
  access: 'read',
  summary: 'The figures as JSON',
  responses: { 200: metricsSchema },
  handlers: ({ sources }) => [(_request, response) => sendJson(response, 200, metricsReport(sources.figures()))],
};
