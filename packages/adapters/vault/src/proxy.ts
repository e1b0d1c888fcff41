import { type Environment, parseProxies, proxyAddress } from '@vault-swarm/provider';
import { isDirect } from '@vault-swarm/rest-client/no-proxy';
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
