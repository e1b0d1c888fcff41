import { send } from '../send.ts';
import type { Route } from './route.ts';

/** `GET /api/metrics`. */
export const prometheusRoute: Route = {
  method: 'get',
  path: '/api/metrics',
  access: 'read',
  summary: "The figures in Prometheus' text format, or OpenMetrics by Accept",
  responses: { 200: 'text/plain' },
  handlers: ({ sources: { prometheus } }) => [
    async (request, response) => {
      const { accept } = request.headers;
      const body = await prometheus.render(accept);
      response.setHeader('Vary', 'Accept');
      send(response, 200, prometheus.contentType(accept), body);
    },
  ],
};
