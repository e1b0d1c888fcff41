import { healthReport } from '@vault-swarm/metrics';
import { healthSchema } from '../api/plain.ts';
import { sendJson } from '../send.ts';
import type { Route } from './route.ts';

/** `GET /health`: names are shown only to clients that are signed in. */
export const healthRoute: Route = {
  method: 'get',
  path: '/health',
  access: 'any-host',
  summary: 'Whether reconcile passes run and Docker answers',
  responses: { 200: healthSchema, 503: healthSchema },
  handlers: ({ access, sources }) => [
    (request, response) => {
      const signedIn = access.tokenNeeded && access.of(request) !== null;
      const report = healthReport(sources.figures(), sources.problems(), signedIn);
      sendJson(response, report.healthy ? 200 : 503, report);
    },
  ],
};
