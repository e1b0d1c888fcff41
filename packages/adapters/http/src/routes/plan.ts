import type { Clock } from '@vault-swarm/kernel';
import type { ManualRotation, PreviewRequest } from '@vault-swarm/rotation';
import type { RequestHandler } from 'express';
import type { z } from 'zod';
import { planSchema } from '../api/index.ts';
import { planQuerySchema } from '../api/parameters.ts';
import { readQuery } from '../query.ts';
import { sendWhenDecided } from '../rotation-response.ts';
import { sendJsonText, sendProblem } from '../send.ts';
import { planText } from '../serializers.ts';
import type { Route } from './route.ts';

/** Each plan calls Docker and the providers: clients with read access must not overload them. */
const MAX_AT_ONCE = 4;
const RETRY_AFTER_SECONDS = 2;

/** `GET /api/v1/plan`: what a manual request would do, or what is due now, without doing it. */
export const planRoute: Route = {
  method: 'get',
  path: '/api/v1/plan',
  access: 'read',
  summary: 'What a manual rotation would do or, without parameters, what is due now; changes nothing',
  query: planQuerySchema,
  responses: { 200: planSchema },
  problems: [404, 409, 422, 503],
  handlers: ({ sources, clock }) => [planHandler(sources.manualRotation, clock)],
};

function planHandler(manualRotation: ManualRotation, clock: Clock): RequestHandler {
  let inFlight = 0;
  return async (request, response) => {
    const query = readQuery(planQuerySchema, request, response);
    if (query === null) return;
    if (inFlight >= MAX_AT_ONCE) {
      response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
      sendProblem(response, 503, 'Too many plans are requested at the same time; try again soon.');
      return;
    }
    inFlight++;
    try {
      await sendWhenDecided(
        response,
        clock,
        (signal) => manualRotation.preview(previewOf(query), { signal }),
        (services) => sendJsonText(response, 200, planText(services)),
      );
    } finally {
      inFlight--;
    }
  };
}

function previewOf({ secret, service, quarantined, force }: z.output<typeof planQuerySchema>): PreviewRequest {
  const forced = force === 'true' ? { force: true } : {};
  if (secret !== undefined) return { kind: 'secret', name: secret, ...forced };
  if (service !== undefined) return { kind: 'service', name: service, ...forced };
  return { kind: quarantined === undefined ? 'due' : 'quarantined' };
}
