import type { IncomingMessage } from 'node:http';

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
  const start = `${cookieName(request, isSecure)}=`;
  const cookies = (request.headers.cookie ?? '').split(';').map((cookie) => cookie.trim());
  const found = cookies.find((cookie) => cookie.startsWith(start));
  return found === undefined ? null : found.slice(start.length);
}

/** The header that stores the id in the browser for this time; `null` deletes it. */
export function setCookie(request: IncomingMessage, isSecure: boolean, id: string | null, maxAgeMs: number): string {
  const age = id === null ? 0 : Math.floor(maxAgeMs / 1_000);
  const secure = isSecure ? '; Secure' : '';
  return `${cookieName(request, isSecure)}=${id ?? ''}; Path=/; Max-Age=${age}; HttpOnly; SameSite=Strict${secure}`;
}
