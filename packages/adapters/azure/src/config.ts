import { displayText, quoted } from '@vault-swarm/kernel';
import { type Environment, isThisMachine, type ParseContext, type Proxies, parseProxies } from '@vault-swarm/provider';
import { type AzureLogin, parseLogin } from './login/config.ts';

/** The configuration of one key vault. */
export interface AzureConfig {
  /** The vault's address without a path: `https://example.vault.azure.net`. */
  readonly vaultUrl: string;
  /** For what tokens are requested: the service that the vault belongs to, such as `https://vault.azure.net`. */
  readonly resource: string;
  readonly login: AzureLogin;
  readonly proxies: Proxies;
  /** How many calls per hour probes may make; `undefined`: no limit. */
  readonly maxCallsPerHour: number | undefined;
}

/** Azure's public cloud and its clouds of separate countries, by the end of a vault's host name. */
const AUTHORITIES: Readonly<Record<string, string>> = {
  'vault.azure.cn': 'https://login.chinacloudapi.cn',
  'vault.usgovcloudapi.net': 'https://login.microsoftonline.us',
};
const PUBLIC_AUTHORITY = 'https://login.microsoftonline.com';
const PUBLIC_RESOURCE = 'https://vault.azure.net';

/** Variables that Azure's own libraries read and the plugin does not, with what to do instead. */
const UNREAD: Readonly<Record<string, string>> = {
  AZURE_USERNAME: 'use a client secret, a certificate or an identity of the machine',
  AZURE_PASSWORD: 'use a client secret, a certificate or an identity of the machine',
  AZURE_REGIONAL_AUTHORITY_NAME: 'set the address of the authority as AZURE_AUTHORITY_HOST',
  AZURE_ADDITIONALLY_ALLOWED_TENANTS: 'tokens are requested for AZURE_TENANT_ID only',
};

/**
 * Reads the `AZURE_…` variables with the names of Azure's own libraries, `AZURE_VAULT_URL`, the proxy variables, and
 * `AZURE_MAX_CALLS_PER_HOUR`. Problems are reported to `environment`. The result is usable only if there are none.
 */
export function parseAzureConfig(environment: Environment, { readFile }: Pick<ParseContext, 'readFile'>): AzureConfig {
  for (const [name, advice] of Object.entries(UNREAD)) environment.warnUnread(name, advice);
  const vault = parseVaultUrl(environment);
  const domain = vault.hostname.split('.').slice(1).join('.');
  const authority = parseAddress(environment, 'AZURE_AUTHORITY_HOST', AUTHORITIES[domain] ?? PUBLIC_AUTHORITY);
  return {
    vaultUrl: vault.origin,
    // The SDKs learn it from a rejected first request. It is always the domain of the vault.
    resource: /^vault\..+\..+/.test(domain) ? `https://${domain}` : PUBLIC_RESOURCE,
    login: parseLogin(environment, readFile, authority.origin),
    proxies: parseProxies(environment),
    maxCallsPerHour: environment.has('AZURE_MAX_CALLS_PER_HOUR')
      ? environment.integer('AZURE_MAX_CALLS_PER_HOUR', 1, { min: 1, max: 1_000_000_000 })
      : undefined,
  };
}

function parseVaultUrl(environment: Environment): URL {
  const name = 'AZURE_VAULT_URL';
  if (!environment.has(name)) {
    environment.report(name, 'is missing; set the address of the key vault, such as https://example.vault.azure.net');
  }
  const url = parseAddress(environment, name, 'https://example.vault.azure.net');
  if (url.pathname !== '/' || url.search !== '') {
    environment.report(name, `${quoted(url.href)} must be the vault's address only, without a path to a secret`);
  }
  return url;
}

function parseAddress(environment: Environment, name: string, otherwise: string): URL {
  const given = environment.url(name, otherwise);
  const url = URL.parse(given);
  if (url === null) {
    environment.report(name, `${quoted(given)} must be an address such as ${otherwise}`);
    return new URL(otherwise);
  }
  if (url.protocol === 'http:' && !isThisMachine(url.hostname)) {
    const risk = 'credentials and secrets cross the network without encryption; use https';
    environment.warn('plain-http', name, `is ${displayText(given)}: ${risk}`);
  }
  return url;
}
