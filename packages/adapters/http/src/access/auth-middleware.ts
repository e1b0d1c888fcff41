import type { Request, RequestHandler, Response } from 'express';
import { sendProblem } from '../send.ts';
import type { Access } from './authorization.ts';

/** Sends the sign-in page instead of the dashboard to a client without a token. */
export type AnswerSignInPage = (response: Response) => void;

/** Rejects requests whose Host header may name another site. Runs before all routes except the health. */
export function hostMiddleware(access: Access): RequestHandler {
  return (request, response, next) => {
    // Node reads the first of several, a proxy before it may read another.
    if ((request.headersDistinct.host?.length ?? 0) > 1) {
      sendProblem(response, 400, 'The request has more than one header "Host".');
    } else if (access.hostAllowed(request)) next();
    else {
      sendProblem(
        response,
        403,
        'Without a token, requests must use the names localhost, 127.0.0.1 or [::1], those of MONITORING_ALLOWED_HOSTS, ' +
          'or with TLS those of the certificate. Use one of them, add this one to the list, or set MONITORING_TOKEN.',
      );
    }
  };
}

/** Requires read access for all later routes. */
export function authMiddleware(access: Access, failed: RequestHandler, signInPage: AnswerSignInPage): RequestHandler {
  return (request, response, next) => {
    if (access.of(request) !== null) {
      next();
      return;
    }
    const refuse = () => {
      const invalid = access.isSigned(request) ? ', error="invalid_token"' : '';
      response.setHeader('WWW-Authenticate', `Bearer realm="vault-swarm-plugin"${invalid}`);
      if (request.path === '/') signInPage(response);
      else sendProblem(response, 401, 'Send the token in the header "Authorization: Bearer TOKEN".');
    };
    if (access.isSigned(request)) void failed(request, response, refuse);
    else refuse();
  };
}

/** Requires write access. */
export function requireWrite(access: Access): RequestHandler {
  return (request: Request, response, next) => {
    if (access.of(request) === 'full') next();
    else if (access.tokenNeeded)
      sendProblem(response, 403, 'This token has read access only; use the one of MONITORING_TOKEN.');
    else
      sendProblem(
        response,
        403,
        'Without a token, other clients have read access only; set MONITORING_TOKEN, and send it.',
      );
  };
}
