import type { Clock } from '@vault-swarm/kernel';
import type { ManualRotation } from '@vault-swarm/rotation';
import type { RequestHandler } from 'express';
import { rateLimit } from 'express-rate-limit';
import { onlyFromOwnSite } from './access/same-origin.ts';
import { onlyJson, readBody } from './json-body.ts';
import { parseRotateRequest, ROTATE_BODY } from './rotate-body.ts';
import { sendWhenDecided } from './rotation-response.ts';
import { sendJsonText, sendProblem } from './send.ts';
import { rotateText } from './serializers.ts';

const LIMIT = { windowMs: 60_000, limit: 10 };

/**
 * `POST /api/v1/rotate`: starts a manual rotation and answers 202 with its effects. Requests from pages of other
 * sites, and ones that are not JSON, are rejected before the limit, so that clients without access can't use it up.
 */
export function rotateRoute(manualRotation: ManualRotation, clock: Clock): readonly RequestHandler[] {
  return [onlyFromOwnSite, onlyJson, limited(), readBody(ROTATE_BODY), passOn(manualRotation, clock)];
}

/** Each request causes calls to Docker and the providers, so there is one limit for all clients. */
function limited(): RequestHandler {
  return rateLimit({
    ...LIMIT,
    keyGenerator: () => 'all',
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    validate: false,
    handler: (_request, response) => {
      sendProblem(response, 429, 'More than 10 requests in a minute; the header Retry-After says when to try again.');
    },
  });
}

function passOn(manualRotation: ManualRotation, clock: Clock): RequestHandler {
  return async (request, response) => {
    const wanted = parseRotateRequest(request.body);
    if (wanted === null) {
      sendProblem(response, 400, ROTATE_BODY);
      return;
    }
    await sendWhenDecided(
      response,
      clock,
      (signal) => manualRotation.rotate(wanted, { signal }),
      (services) => sendJsonText(response, 202, rotateText(services)),
    );
  };
}
