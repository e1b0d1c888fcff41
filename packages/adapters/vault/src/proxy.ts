import { BlockList, isIP } from 'node:net';
import { type Environment, parseProxies, proxyAddress } from '@vault-swarm/provider';
import type { VaultServer } from './vault-server.ts';

/**
 * Chooses the proxy as Vault's own client does: `VAULT_PROXY_ADDR`, or its older name `VAULT_HTTP_PROXY`, for every
 * server; otherwise the proxy of the environment, with its exceptions. `undefined`: no proxy, as always with a socket.
 */
export function parseProxy(
  environment: Environment,
  { address, socketPath }: Pick<VaultServer, 'address' | 'socketPath'>,
  variable: (name: string) => string,
): string | undefined {
  const names = [variable('PROXY_ADDR'), variable('HTTP_PROXY')];
  const [own, older] = names.map((name) => proxyAddress(environment, name));
  const { http, https, noProxy } = parseProxies(environment);
  const [given, ...others] = names.filter((name) => environment.has(name));
  for (const name of others) environment.warn('setting-ignored', name, `is ignored, because ${given} is set too`);
  if (socketPath !== undefined) {
    if (given !== undefined)
      environment.warn('setting-ignored', given, `is ignored, because ${variable('ADDR')} is a socket`);
    return undefined;
  }
  if (own !== undefined || older !== undefined) return own ?? older;
  if (!URL.canParse(address) || isDirect(new URL(address), noProxy)) return undefined;
  return address.startsWith('https:') ? https : http;
}

/** Whether a server is called without a proxy, by entries such as `internal`, `.example:8200`, `10.0.0.0/8` and `*`. */
export function isDirect({ hostname, port, protocol }: URL, direct: readonly string[]): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  const portOf = port === '' ? (protocol === 'https:' ? '443' : '80') : port;
  return direct.some((entry) => {
    if (entry === '*') return true;
    if (entry.includes('/')) return isInNetwork(host, entry);
    const [, named = entry, only = portOf] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(entry) ?? [];
    const domain = named
      .replace(/^\*?\./, '')
      .replace(/^\[|\]$/g, '')
      .toLowerCase();
    return only === portOf && (host === domain || host.endsWith(`.${domain}`));
  });
}

function isInNetwork(host: string, network: string): boolean {
  const [base = '', bits = ''] = network.split('/');
  const family = isIP(base) === 6 ? 'ipv6' : 'ipv4';
  const most = family === 'ipv6' ? 128 : 32;
  if (isIP(base) === 0 || isIP(host) === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > most) return false;
  const list = new BlockList();
  list.addSubnet(base, Number(bits), family);
  return list.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');
}
