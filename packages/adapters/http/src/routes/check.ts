import type { Clock } from '@vault-swarm/kernel';
import type { CheckedSecret, ChecksSecrets } from '@vault-swarm/provider';
import type { RequestHandler } from 'express';
import type { Access } from '../access/authorization.ts';
import { onlyFromOwnSite } from '../access/same-origin.ts';
import { checkRequestSchema, MAX_LABEL, MAX_LABELS, MAX_NAME } from '../api/check.ts';
import { checkSchema } from '../api/index.ts';
import { onlyJson, readBody } from '../json-body.ts';
import { limited } from '../request-limit.ts';
import { sendWhenDecided } from '../rotation-response.ts';
import { sendJson, sendProblem } from '../send.ts';
import { checkDocument } from '../serializers.ts';
import type { Route } from './route.ts';

/** Each check reads from a provider. */
const MAX_AT_ONCE = 4;
const RETRY_AFTER_SECONDS = 1;
const MAX_BODY_BYTES = 64 * 1024;
/** A check of a large stack file is one request for each secret. */
const LIMIT = { windowMs: 60_000, limit: 300 };
const HIDDEN_DENIAL = 'the access policy denies it; a token with full access shows which rule';

const BODY =
  'Send {"labels": {"LABEL": "VALUE"}}, with "secret", "service" and "stack" as names if they are known: at most ' +
  `${MAX_LABELS} labels, names of at most ${MAX_NAME} and values of at most ${MAX_LABEL} characters.`;

/**
 * `POST /api/v1/check`: what a request for a secret with these labels would come to, before the secret is created.
 * Clients with read access only learn what the labels say, and whether the access policy denies it: else they could try
 * any path with the plugin's credentials.
 */
export const checkRoute: Route = {
  method: 'post',
  path: '/api/v1/check',
  access: 'read',
  summary: 'What a request for a secret with these labels would come to; changes nothing, and returns no value',
  body: checkRequestSchema,
  responses: { 200: checkSchema },
  problems: [415, 503],
  handlers: ({ sources, clock, access }) => [
    onlyFromOwnSite,
    onlyJson,
    limited(LIMIT),
    readBody(BODY, MAX_BODY_BYTES),
    checkHandler(sources.secretChecks, clock, access),
  ],
};

function checkHandler(secretChecks: ChecksSecrets, clock: Clock, access: Access): RequestHandler {
  let inFlight = 0;
  return async (request, response) => {
    const { success, data } = checkRequestSchema.safeParse(request.body);
    if (!success) {
      sendProblem(response, 400, BODY);
      return;
    }
    if (inFlight >= MAX_AT_ONCE) {
      response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
      sendProblem(response, 503, 'Too many checks are requested at the same time; try again soon.');
      return;
    }
    inFlight++;
    const asksProvider = access.of(request) === 'full';
    const { secret: name = '', labels, service, stack } = data;
    try {
      await sendWhenDecided(
        response,
        clock,
        (signal) => secretChecks.check({ name, labels, service, stack }, { asksProvider, signal }),
        (checked) => sendJson(response, 200, checkDocument(asksProvider ? checked : withoutRules(checked))),
      );
    } finally {
      inFlight--;
    }
  };
}

/** Without what the rules of the access policy say: their patterns name paths of other teams. */
function withoutRules(checked: CheckedSecret): CheckedSecret {
  const { problem, reportedDenial } = checked;
  return {
    ...checked,
    problem: problem?.code === 'POLICY_DENIED' ? { ...problem, message: HIDDEN_DENIAL } : problem,
    reportedDenial: reportedDenial === null ? null : HIDDEN_DENIAL,
  };
}
