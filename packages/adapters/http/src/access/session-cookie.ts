import type { IncomingMessage } from 'node:http';
import { parse, serialize } from 'cookie';

const NAME = 'vault-swarm-session';

/**
 * The cookie's name for a request's host. Browsers share cookies among all ports of a host, and several plugins are
 * often reached through ports of one machine, so the port is part of the name. With TLS, the prefix prevents other
 * hosts and plain HTTP from setting it.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6265#section-8.5
 */
function cookieName({ headers }: IncomingMessage, isSecure: boolean): string {
  const [, port] = /:(\d{1,5})$/.exec(headers.host ?? '') ?? [];
  return `${isSecure ? '__Host-' : ''}${NAME}${port === undefined ? '' : `-${port}`}`;
}

/** The session id of the request's cookie. */
export function sessionIdOf(request: IncomingMessage, isSecure: boolean): string | null {
  return parse(request.headers.cookie ?? '')[cookieName(request, isSecure)] ?? null;
}

/** The header that stores the id in the browser for this time; `null` deletes it. */
export function setCookie(request: IncomingMessage, isSecure: boolean, id: string | null, maxAgeMs: number): string {
  return serialize(cookieName(request, isSecure), id ?? '', {
    path: '/',
    maxAge: id === null ? 0 : Math.floor(maxAgeMs / 1_000),
    httpOnly: true,
    sameSite: 'strict',
    secure: isSecure,
  });
}
