import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';

/** This machine's own names, which no other machine's name can stand for. */
export const LOOPBACK_HOSTS: readonly string[] = ['localhost', '127.0.0.1', '::1'];

/** The host that a request is for: that of its own address if it has one, else that of its header `Host`. */
export function hostOf({ url = '', headers }: IncomingMessage): string | undefined {
  if (url.startsWith('/')) return headers.host;
  return URL.parse(url)?.host ?? headers.host;
}

/**
 * A host's name or address in its one normal form: in small letters, without port, brackets and the dot at its end.
 *
 * @param host as in a header `Host`: `Manager-1:8080`, `[2001:DB8::7]`.
 * @returns `null` if it is none. Nothing is decoded or looked up: an address in another notation is another name.
 */
export function hostnameOf(host: string | undefined): string | null {
  const [, address, name] = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::\d{1,5})?$/i.exec(host ?? '') ?? [];
  if (address !== undefined) return isIPv6(address) ? normalIPv6(address) : null;
  const normal = name?.toLowerCase().replace(/\.$/, '') ?? '';
  return normal === '' ? null : normal;
}

/** An IPv6 address as short as it can be, which is how browsers write it. */
function normalIPv6(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}
