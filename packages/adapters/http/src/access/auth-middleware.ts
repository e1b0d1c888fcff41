import type { Request, RequestHandler, Response } from 'express';
import { sendProblem } from '../send.ts';
import type { Access } from './authorization.ts';

/** What who has no token gets instead of the dashboard. */
export type AnswerSignInPage = (response: Response) => void;

/** Refuses requests under names that may be those of another site; stands before everything but the health. */
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
        'Without a token only the names localhost, 127.0.0.1 and [::1] are answered, those of MONITORING_ALLOWED_HOSTS, ' +
          'and under TLS those of the certificate. Use one of them, list this one, or set MONITORING_TOKEN.',
      );
    }
  };
}

/** Lets only those through who may look: the rest of the routes stand behind it. */
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

/** Lets only those through who may do more than look. */
export function requireWrite(access: Access): RequestHandler {
  return (request: Request, response, next) => {
    if (access.of(request) === 'full') next();
    else if (access.tokenNeeded) sendProblem(response, 403, 'This token only lets look; use that of MONITORING_TOKEN.');
    else sendProblem(response, 403, 'Without a token others may only look; set MONITORING_TOKEN, and send it.');
  };
}
