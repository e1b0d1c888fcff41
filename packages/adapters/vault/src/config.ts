import { Credential, type Environment, type ReadFile } from '@vault-swarm/provider';
import { type AppRoleConfig, parseAppRole } from './auth/approle.ts';
import { parseToken, type TokenConfig } from './auth/token.ts';
import { pathProblem } from './labels.ts';

export { type VaultLabelOptions, vaultLabelScheme } from './labels.ts';

/** How we log in. */
export type VaultAuthConfig = TokenConfig | AppRoleConfig;

/** How the server is verified, and how we show who we are. Texts are PEM. */
export interface VaultTlsConfig {
  /** Authorities to trust instead of the system's. */
  readonly ca: string | undefined;
  readonly clientCertificate: string | undefined;
  readonly clientKey: Credential | undefined;
  /** True: any certificate is taken. */
  readonly skipVerify: boolean;
}

/** One configured Vault or OpenBao. */
export interface VaultConfig {
  /** `http:` or `https:`, without a slash at its end. */
  readonly address: string;
  readonly namespace: string | undefined;
  /** The mount of secrets whose labels name none, without slashes at its ends. */
  readonly mount: string;
  readonly tls: VaultTlsConfig;
  readonly auth: VaultAuthConfig;
}

/** Which variables are read: `VAULT_ADDR` or `OPENBAO_ADDR`. */
export interface VaultConfigOptions {
  readonly prefix?: 'VAULT' | 'OPENBAO';
}

type Read = (name: string) => string;

/**
 * Reads `VAULT_ADDR`, `VAULT_NAMESPACE`, `VAULT_CACERT`, `VAULT_CLIENT_CERT`, `VAULT_CLIENT_KEY`, `VAULT_SKIP_VERIFY`,
 * `VAULT_MOUNT_PATH`, `VAULT_AUTH_METHOD` and the chosen method's own variables. All that is wrong is reported to
 * `environment`; what is returned is usable only where it has no problems. Certificates are read by `readFile`, now.
 */
export function parseVaultConfig(
  environment: Environment,
  readFile: ReadFile,
  { prefix = 'VAULT' }: VaultConfigOptions = {},
): VaultConfig {
  const variable: Read = (name) => `${prefix}_${name}`;
  return {
    address: parseAddress(environment, variable('ADDR')),
    namespace: parseNamespace(environment, variable('NAMESPACE')),
    mount: parseMount(environment, variable('MOUNT_PATH')),
    tls: parseTls(environment, readFile, variable),
    auth: parseAuth(environment, variable),
  };
}

function parseAddress(environment: Environment, name: string): string {
  const address = environment.url(name, 'http://127.0.0.1:8200');
  if (!URL.canParse(address) || /[?#]/.test(address)) {
    environment.report(name, 'must be an address such as https://vault.example:8200, without ? or #');
  }
  return address.replace(/\/+$/, '');
}

function parseNamespace(environment: Environment, name: string): string | undefined {
  const namespace = environment.optional(name);
  if (namespace !== undefined && /[^\x21-\x7e]/.test(namespace)) {
    environment.report(name, `${JSON.stringify(namespace)} must have no spaces or control characters`);
  }
  return namespace;
}

function parseMount(environment: Environment, name: string): string {
  const given = environment.text(name, 'secret');
  // Vault itself writes mounts with a slash at the end.
  const mount = given.replace(/\/$/, '');
  const problem = pathProblem(mount);
  if (problem !== null) environment.report(name, `${JSON.stringify(given)} ${problem}`);
  return mount;
}

function parseAuth(environment: Environment, variable: Read): VaultAuthConfig {
  const method = environment.oneOf(variable('AUTH_METHOD'), ['token', 'approle'], 'token');
  switch (method) {
    case 'token':
      return parseToken(environment, variable);
    case 'approle':
      return parseAppRole(environment, variable);
  }
}

function parseTls(environment: Environment, readFile: ReadFile, variable: Read): VaultTlsConfig {
  const ca = readPem(environment, readFile, variable('CACERT'));
  const clientCertificate = readPem(environment, readFile, variable('CLIENT_CERT'));
  const clientKeyPem = readPem(environment, readFile, variable('CLIENT_KEY'));
  for (const [one, other] of [
    ['CLIENT_CERT', 'CLIENT_KEY'],
    ['CLIENT_KEY', 'CLIENT_CERT'],
  ] as const) {
    if (environment.has(variable(one)) && !environment.has(variable(other))) {
      environment.report(variable(other), `is missing; ${variable(one)} needs it`);
    }
  }
  if (ca !== undefined && !isUsable({ ca })) {
    environment.report(variable('CACERT'), 'names a file that is no PEM certificate');
  }
  if (clientCertificate !== undefined && clientKeyPem !== undefined) {
    if (!isUsable({ cert: clientCertificate, key: clientKeyPem })) {
      environment.report(
        variable('CLIENT_CERT'),
        `and ${variable('CLIENT_KEY')} are not a PEM certificate and its key`,
      );
    }
  }
  return {
    ca,
    clientCertificate,
    clientKey: clientKeyPem === undefined ? undefined : new Credential(variable('CLIENT_KEY'), () => clientKeyPem),
    skipVerify: parseSkipVerify(environment, variable('SKIP_VERIFY')),
  };
}

/** Vault's own client also takes 1 and 0. */
function parseSkipVerify(environment: Environment, name: string): boolean {
  return ['true', '1'].includes(environment.oneOf(name, ['true', 'false', '1', '0'], 'false'));
}

function readPem(environment: Environment, readFile: ReadFile, name: string): string | undefined {
  const path = environment.optional(name);
  if (path === undefined) return undefined;
  try {
    return readFile(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    environment.report(name, `"${path}" can't be read${code}`);
    return undefined;
  }
}

function isUsable(pem: { ca?: string | undefined; cert?: string; key?: string }): boolean {
  if (pem.ca !== undefined && !pem.ca.includes('-----BEGIN')) return false;
  try {
    // Loaded only where certificates are given: it takes a good part of the time that a start may take.
    process.getBuiltinModule('node:tls').createSecureContext(pem);
    return true;
  } catch {
    // OpenSSL's reasons ("no start line") help nobody; the caller says what was expected.
    return false;
  }
}
