import { displayText, quoted } from '@vault-swarm/kernel';
import { type Environment, isThisMachine, type ReadFile } from '@vault-swarm/provider';
import { parseAuth, type VaultAuthConfig } from './auth/config.ts';
import { warnOfIgnored } from './ignored-variables.ts';
import { type KvVersion, parseKvMounts } from './kv-mounts.ts';
import { mountProblem, withoutSpareSlashes } from './paths.ts';
import { parseProxy } from './proxy.ts';
import { parseTls } from './tls.ts';
import type { VariablePrefix, VaultServer } from './vault-server.ts';

/** The configuration of one Vault or OpenBao. */
export interface VaultConfig extends VaultServer {
  /** The mount of secrets whose labels name none, without slashes at its ends. */
  readonly mount: string;
  /** Mounts with their versions, for a server that does not show its mounts. */
  readonly kvMounts: ReadonlyMap<string, KvVersion>;
  readonly auth: VaultAuthConfig;
  /** The token role through which tokens that own leases are created. */
  readonly leaseTokenRole: string;
}

type Read = (name: string) => string;

/**
 * Reads `VAULT_ADDR`, `VAULT_NAMESPACE`, `VAULT_PROXY_ADDR`, `VAULT_MOUNT_PATH`, `VAULT_KV_MOUNTS`, `VAULT_SEND_CONSUMER`,
 * `VAULT_LEASE_TOKEN_ROLE`, the TLS settings
 * ({@link parseTls}), `VAULT_AUTH_METHOD` and the method's own variables, or the same with `OPENBAO_`. Problems are
 * reported to `environment`, with warnings for variables of Vault's own client that have no effect here. The result is
 * usable only if there are no problems. Certificates are read now.
 */
export function parseVaultConfig(environment: Environment, readFile: ReadFile, prefix: VariablePrefix): VaultConfig {
  const variable: Read = (name) => `${prefix}_${name}`;
  const { address, socketPath } = parseAddress(environment, variable('ADDR'));
  warnOfIgnored(environment, prefix);
  return {
    prefix,
    address,
    socketPath,
    namespace: parseNamespace(environment, variable('NAMESPACE')),
    mount: parseMount(environment, variable('MOUNT_PATH')),
    kvMounts: parseKvMounts(environment, variable('KV_MOUNTS')),
    tls: parseTls(environment, readFile, variable),
    proxy: parseProxy(environment, { address, socketPath }, variable),
    sendsConsumer: environment.boolean(variable('SEND_CONSUMER'), false),
    auth: parseAuth(environment, variable),
    leaseTokenRole: parseTokenRole(environment, variable('LEASE_TOKEN_ROLE')),
  };
}

function parseAddress(environment: Environment, name: string): Pick<VaultServer, 'address' | 'socketPath'> {
  const [, socketPath] = /^unix:\/\/(.*)$/s.exec(environment.optional(name) ?? '') ?? [];
  if (socketPath !== undefined) {
    if (!/^\/[^\0]*[^/\0]$/.test(socketPath)) {
      environment.report(
        name,
        `${quoted(`unix://${socketPath}`)} must be the absolute path of a socket, such as unix:///run/vault.sock`,
      );
    }
    return { address: 'http://localhost', socketPath };
  }
  const address = environment.url(name, 'http://127.0.0.1:8200');
  if (!URL.canParse(address) || /[?#]/.test(address)) {
    // A query may contain a token.
    const displayName = address.replace(/[?#].*$/s, '');
    environment.report(
      name,
      `${quoted(`${displayName}…`)} must be an address such as https://vault.example:8200, without ? or #`,
    );
  } else if (address.startsWith('http:') && !isThisMachine(new URL(address).hostname)) {
    const message = `is ${displayText(address)}: tokens and secrets cross the network without encryption; use https`;
    environment.warn('plain-http', name, message);
  }
  const api = /^(.*?)\/(?:v1|ui)(?:\/.*)?$/.exec(URL.canParse(address) ? new URL(address).pathname : '');
  if (api !== null) {
    environment.report(name, `${quoted(address)} must not contain the path /v1 or /ui: the path of the API is added`);
  }
  return { address: address.replace(/\/+$/, ''), socketPath };
}

function parseNamespace(environment: Environment, name: string): string | undefined {
  const namespace = environment.optional(name);
  if (namespace !== undefined && /[^\x21-\x7e]/.test(namespace)) {
    environment.report(name, `${quoted(namespace)} must have no spaces or control characters`);
  }
  return namespace;
}

function parseMount(environment: Environment, name: string): string {
  const given = environment.text(name, 'secret');
  const mount = withoutSpareSlashes(given);
  const problem = mountProblem(mount);
  if (problem !== null) environment.report(name, `${quoted(given)} ${problem}`);
  return mount;
}

function parseTokenRole(environment: Environment, name: string): string {
  const role = environment.text(name, 'vault-swarm');
  if (!/^\w[\w.-]{0,127}$/.test(role)) environment.report(name, `${quoted(role)} must be the name of a token role`);
  return role;
}
