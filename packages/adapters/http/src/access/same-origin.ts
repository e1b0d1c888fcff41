import type { RequestHandler } from 'express';
import { sendProblem } from '../send.ts';
import { hostOf } from './host-header.ts';

/**
 * Rejects a request that a page of another site made a browser send. Such a page can't read the response, but the
 * request would have its effect. Other programs than browsers send neither header and pass.
 *
 * @see https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
 */
export const onlyFromOwnSite: RequestHandler = (request, response, next) => {
  const { origin } = request.headers;
  const host = hostOf(request);
  const site = request.headers['sec-fetch-site'] ?? 'none';
  const isOwn = (site === 'none' || site === 'same-origin') && (origin === undefined || isOriginOf(origin, host));
  if (isOwn) next();
  else sendProblem(response, 403, 'This request comes from a page of another site and is rejected.');
};

// Parsed with the origin's scheme, so that its default port may be in one and not in the other.
function isOriginOf(origin: string, host: string | undefined): boolean {
  const from = URL.parse(origin);
  const asked = from === null || host === undefined ? null : URL.parse(`${from.protocol}//${host}`);
  return asked !== null && asked.host === from?.host;
}
