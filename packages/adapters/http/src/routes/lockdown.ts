import type { Clock } from '@vault-swarm/kernel';
import type { LocksDown } from '@vault-swarm/rotation';
import type { RequestHandler } from 'express';
import { onlyFromOwnSite } from '../access/same-origin.ts';
import { lockdownSchema } from '../api/index.ts';
import { lockdownRequestSchema } from '../api/lockdown.ts';
import { onlyJson, readBody } from '../json-body.ts';
import { sendWhenDecided } from '../rotation-response.ts';
import { sendJson, sendProblem } from '../send.ts';
import { lockdownDocument } from '../serializers.ts';
import type { Route } from './route.ts';

const BODY = 'Send {"active": true} or {"active": false}, and nothing else.';

/** `POST /api/v1/lockdown`: starts or ends a lockdown, and answers 200 when the ledger has it. */
export const lockdownRoute: Route = {
  method: 'post',
  path: '/api/v1/lockdown',
  access: 'write',
  summary: 'Starts or ends a lockdown on all managers; answered when the ledger has it',
  body: lockdownRequestSchema,
  responses: { 200: lockdownSchema },
  problems: [415, 503],
  handlers: ({ sources, clock }) => [onlyFromOwnSite, onlyJson, readBody(BODY), passOn(sources.lockdowns, clock)],
};

function passOn(lockdowns: LocksDown, clock: Clock): RequestHandler {
  return async (request, response) => {
    const { success, data } = lockdownRequestSchema.safeParse(request.body);
    if (!success) {
      sendProblem(response, 400, BODY);
      return;
    }
    await sendWhenDecided(
      response,
      clock,
      (signal) => lockdowns.lockdown(data.active, { signal }),
      (lockdown) => sendJson(response, 200, lockdownDocument(lockdown)),
    );
  };
}
