import type { IncomingMessage } from 'node:http';

const LOOPBACK_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i;

/** Whether it is one of this machine's own names, which no other machine's name can stand for. */
export function isLoopbackHost(host: string | undefined): boolean {
  return LOOPBACK_HOST.test(host ?? '');
}

/** The name under which we are asked: that of the request's own address where it has one, else of its header. */
export function hostOf({ url = '', headers }: IncomingMessage): string | undefined {
  if (url.startsWith('/')) return headers.host;
  return URL.parse(url)?.host ?? headers.host;
}

/** The name without its port and brackets; `null` where it is none. */
export function hostnameOf(host: string | undefined): string | null {
  const parsed = host === undefined ? null : URL.parse(`http://${host}`);
  if (parsed === null || parsed.username !== '' || parsed.pathname !== '/') return null;
  return parsed.hostname.replace(/^\[(.*)\]$/, '$1');
}
