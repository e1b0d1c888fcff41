import type { IncomingMessage } from 'node:http';

const NAME = 'vault-swarm-session';

/**
 * The name of the cookie for who asks under this host. Browsers keep the cookies of all ports of a host together, and the
 * plugins of several managers are often checked through ports of one machine: so the port is part of the name. Under
 * TLS the prefix keeps other hosts and plain HTTP from setting it.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6265#section-8.5
 */
function cookieName({ headers }: IncomingMessage, isSecure: boolean): string {
  const [, port] = /:(\d{1,5})$/.exec(headers.host ?? '') ?? [];
  return `${isSecure ? '__Host-' : ''}${NAME}${port === undefined ? '' : `-${port}`}`;
}

/** The session's id that the request brings. */
export function sessionIdOf(request: IncomingMessage, isSecure: boolean): string | null {
  const start = `${cookieName(request, isSecure)}=`;
  const cookies = (request.headers.cookie ?? '').split(';').map((cookie) => cookie.trim());
  const found = cookies.find((cookie) => cookie.startsWith(start));
  return found === undefined ? null : found.slice(start.length);
}

/** The header that makes the browser keep the id for so long; `null` makes it forget. */
export function setCookie(request: IncomingMessage, isSecure: boolean, id: string | null, maxAgeMs: number): string {
  const age = id === null ? 0 : Math.floor(maxAgeMs / 1_000);
  const secure = isSecure ? '; Secure' : '';
  return `${cookieName(request, isSecure)}=${id ?? ''}; Path=/; Max-Age=${age}; HttpOnly; SameSite=Strict${secure}`;
}
