import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';

/** This machine's own names, which can't belong to another machine. */
export const LOOPBACK_HOSTS: readonly string[] = ['localhost', '127.0.0.1', '::1'];

/** The host that a request is for: that of its absolute URL if it has one, else of its header `Host`. */
export function hostOf({ url = '', headers }: IncomingMessage): string | undefined {
  if (url.startsWith('/')) return headers.host;
  return URL.parse(url)?.host ?? headers.host;
}

/**
 * Normalises a host's name or address: lower case, without port, brackets and final dot.
 *
 * @param host as in a header `Host`: `Manager-1:8080`, `[2001:DB8::7]`.
 * @returns `null` if it is not valid. Nothing is decoded or resolved: an address in another notation is another name.
 */
export function hostnameOf(host: string | undefined): string | null {
  const [, address, name] = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::\d{1,5})?$/i.exec(host ?? '') ?? [];
  if (address !== undefined) return isIPv6(address) ? normalIPv6(address) : null;
  const normal = name?.toLowerCase().replace(/\.$/, '') ?? '';
  return normal === '' ? null : normal;
}

/** The shortest form of an IPv6 address, as browsers write it. */
function normalIPv6(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}
