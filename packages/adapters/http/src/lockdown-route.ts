import type { Clock } from '@vault-swarm/kernel';
import type { Lockdown, LocksDown } from '@vault-swarm/rotation';
import type { RequestHandler } from 'express';
import { onlyFromOwnSite } from './access/same-origin.ts';
import { type LockdownState, lockdownRequestSchema } from './api/index.ts';
import { onlyJson, readBody } from './json-body.ts';
import { sendWhenDecided } from './rotation-response.ts';
import { sendJson, sendProblem } from './send.ts';
import { rfc3339 } from './serializers.ts';

const BODY = 'Send {"active": true} or {"active": false}, and nothing else.';

/** `POST /api/v1/lockdown`: starts or ends a lockdown, and answers 200 when the ledger has it. */
export function lockdownRoute(lockdowns: LocksDown, clock: Clock): readonly RequestHandler[] {
  return [onlyFromOwnSite, onlyJson, readBody(BODY), passOn(lockdowns, clock)];
}

/** A lockdown in the API's format; `null` if none is active. */
export function lockdownDocument(lockdown: Lockdown | null): LockdownState {
  return { active: lockdown !== null, since: rfc3339(lockdown?.sinceMs ?? null) };
}

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
