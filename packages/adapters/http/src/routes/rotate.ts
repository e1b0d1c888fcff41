import type { Clock } from '@vault-swarm/kernel';
import type { ManualRotation, RotateRequest } from '@vault-swarm/rotation';
import type { RequestHandler } from 'express';
import { onlyFromOwnSite } from '../access/same-origin.ts';
import { rotateSchema } from '../api/index.ts';
import { rotateRequestSchema } from '../api/rotate.ts';
import { onlyJson, readBody } from '../json-body.ts';
import { limited } from '../request-limit.ts';
import { sendWhenDecided } from '../rotation-response.ts';
import { sendJsonText, sendProblem } from '../send.ts';
import { rotateText } from '../serializers.ts';
import type { Route } from './route.ts';

/** Each request causes calls to Docker and the providers. */
const LIMIT = { windowMs: 60_000, limit: 10 };

const BODY =
  'Send one of {"secret": "NAME"}, {"service": "NAME"} and {"quarantined": true}; with a name also "force": true.';

/**
 * `POST /api/v1/rotate`: starts a manual rotation and answers 202 with its effects. Requests from pages of other
 * sites, and ones that are not JSON, are rejected before the limit, so that clients without access can't use it up.
 */
export const rotateRoute: Route = {
  method: 'post',
  path: '/api/v1/rotate',
  access: 'write',
  summary: 'Requests a manual rotation',
  body: rotateRequestSchema,
  responses: { 202: rotateSchema },
  problems: [404, 409, 415, 422, 503],
  handlers: ({ sources, clock }) => [
    onlyFromOwnSite,
    onlyJson,
    limited(LIMIT),
    readBody(BODY),
    passOn(sources.manualRotation, clock),
  ],
};

function passOn(manualRotation: ManualRotation, clock: Clock): RequestHandler {
  return async (request, response) => {
    const wanted = parseRotateRequest(request.body);
    if (wanted === null) {
      sendProblem(response, 400, BODY);
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

/** Parses the body as a request; `null` if it is not valid. */
function parseRotateRequest(body: unknown): RotateRequest | null {
  const { success, data } = rotateRequestSchema.safeParse(body);
  if (!success) return null;
  if ('secret' in data) return { kind: 'secret', name: data.secret, ...forceOf(data) };
  if ('service' in data) return { kind: 'service', name: data.service, ...forceOf(data) };
  return { kind: 'quarantined' };
}

function forceOf({ force }: { readonly force?: boolean | undefined }): { readonly force?: true } {
  return force === true ? { force } : {};
}
