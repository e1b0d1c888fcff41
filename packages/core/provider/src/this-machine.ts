/**
 * Whether a host name or address, as in a URL, is this machine. Requests to it cross no network.
 *
 * @param hostname an IPv6 address with or without brackets.
 */
export function isThisMachine(hostname: string): boolean {
  const host = hostname.toLowerCase().replace(/\.$/, '');
  return /^(.+\.)?localhost$/.test(host) || /^127(\.\d{1,3}){3}$/.test(host) || host === '::1' || host === '[::1]';
}
