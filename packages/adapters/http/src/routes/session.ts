import type { RequestHandler } from 'express';
import type { Access } from '../access/authorization.ts';
import { onlyFromOwnSite } from '../access/same-origin.ts';
import { sessionRequestSchema } from '../api/session.ts';
import { onlyJson, readBody } from '../json-body.ts';
import { sendEmpty, sendProblem } from '../send.ts';
import type { Route } from './route.ts';

const SESSION_BODY = 'Send {"token": "TOKEN"}, and nothing else.';

/** `POST /api/v1/session`: signs a browser in. */
export const signInRoute: Route = {
  method: 'post',
  path: '/api/v1/session',
  access: 'allowed-host',
  summary: 'Signs a browser in with a cookie',
  body: sessionRequestSchema,
  responses: { 204: null },
  problems: [401, 409, 415],
  handlers: ({ access, failedSignIn }) => [
    onlyFromOwnSite,
    onlyJson,
    readBody(SESSION_BODY),
    signIn(access, failedSignIn),
  ],
};

/** `DELETE /api/v1/session`: signs the browser out, also if it is not signed in. */
export const signOutRoute: Route = {
  method: 'delete',
  path: '/api/v1/session',
  access: 'allowed-host',
  summary: 'Signs the browser out',
  responses: { 204: null },
  handlers: ({ access }) => [
    onlyFromOwnSite,
    (request, response) => {
      response.setHeader('Set-Cookie', access.signOut(request));
      sendEmpty(response, 204);
    },
  ],
};

function signIn(access: Access, failed: RequestHandler): RequestHandler {
  return (request, response) => {
    if (!access.tokenNeeded) {
      sendProblem(response, 409, 'No token is needed here.');
      return;
    }
    const { success, data } = sessionRequestSchema.safeParse(request.body);
    if (!success) {
      sendProblem(response, 400, SESSION_BODY);
      return;
    }
    const cookie = access.signIn(request, data.token);
    if (cookie !== null) {
      response.setHeader('Set-Cookie', cookie);
      sendEmpty(response, 204);
      return;
    }
    void failed(request, response, () => {
      response.setHeader('WWW-Authenticate', 'Bearer realm="vault-swarm-plugin", error="invalid_token"');
      sendProblem(response, 401, 'This token is wrong.');
    });
  };
}
