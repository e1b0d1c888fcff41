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
 * `POST /api/v1/rotate`: passes a manual request on, and answers 202 with what becomes of it. What another site's page
 * made a browser send, or is no JSON, does not count for the limit: nobody who may not ask can use it up.
 */
export function rotateRoute(manualRotation: ManualRotation, clock: Clock): readonly RequestHandler[] {
  return [onlyFromOwnSite, onlyJson, limited(), readBody(ROTATE_BODY), passOn(manualRotation, clock)];
}

/** Each request costs Docker and the providers some calls, whoever sends it: so the limit is one for all. */
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
