import type { RequestHandler } from 'express';
import type { Access } from './access.ts';
import { answerHtml, answerProblem } from './answer.ts';
import { signInPage } from './dashboard/sign-in.ts';

/** Lets only those through who may look: the rest of the routes stand behind it. */
export function gate(access: Access, pluginName: string): RequestHandler {
  return (request, response, next) => {
    const { host, authorization } = request.headers;
    if (!access.hostAllowed(host)) {
      answerProblem(
        response,
        403,
        'Without a token only the names localhost, 127.0.0.1 and [::1] are answered. Use one of them, or set MONITORING_TOKEN.',
      );
      return;
    }
    if (!access.tokenNeeded || access.signedIn(authorization)) {
      next();
      return;
    }
    const invalid = authorization === undefined ? '' : ', error="invalid_token"';
    response.setHeader('WWW-Authenticate', `Bearer realm="vault-swarm-plugin"${invalid}`);
    if (request.path === '/') answerHtml(response, 401, signInPage(pluginName));
    else answerProblem(response, 401, 'Send the token in the header "Authorization: Bearer TOKEN".');
  };
}
