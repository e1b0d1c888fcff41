import type { Clock } from '@vault-swarm/provider';
import type { PreviewRequest, RotateByHand } from '@vault-swarm/rotation';
import type { RequestHandler } from 'express';
import type { z } from 'zod';
import { planQuerySchema } from './api/parameters.ts';
import { readQuery } from './query.ts';
import { answerWhenDecided } from './rotation-response.ts';
import { answerJsonText, answerProblem } from './send.ts';
import { planText } from './serializers.ts';

/** Each asks Docker and the providers: who may only look must not keep them busy. */
const MAX_AT_ONCE = 4;
const RETRY_AFTER_SECONDS = 2;

/** `GET /api/v1/plan`: what a request by hand would do, or what is due now, without doing it. */
export function planRoute(rotateByHand: RotateByHand, clock: Clock): RequestHandler {
  let underWay = 0;
  return async (request, response) => {
    const query = readQuery(planQuerySchema, request, response);
    if (query === null) return;
    if (underWay >= MAX_AT_ONCE) {
      response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
      answerProblem(response, 503, 'Others are asking for plans; try again soon.');
      return;
    }
    underWay++;
    try {
      await answerWhenDecided(
        response,
        clock,
        (signal) => rotateByHand.preview(previewOf(query), { signal }),
        (services) => answerJsonText(response, 200, planText(services)),
      );
    } finally {
      underWay--;
    }
  };
}

function previewOf({ secret, service, set_aside }: z.output<typeof planQuerySchema>): PreviewRequest {
  if (secret !== undefined) return { kind: 'secret', name: secret };
  if (service !== undefined) return { kind: 'service', name: service };
  return { kind: set_aside === undefined ? 'due' : 'set-aside' };
}
