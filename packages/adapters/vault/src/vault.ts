import { readFileSync } from 'node:fs';
import { configureProvider, type ProviderDefinition } from '@vault-swarm/provider';
import { openbaoModule, vaultModule } from './module.ts';

/** The settings of {@link vault} and {@link openbao}. */
export interface VaultOptions {
  /** Such as `https://vault.example:8200`. */
  readonly address: string;
  readonly token?: string;
  /** A file with the token. It is read again when it changes. */
  readonly tokenFile?: string;
  readonly namespace?: string;
  /** The name of this provider in labels. Default: its kind. */
  readonly name?: string;
  /**
   * Further settings, by the rest of the environment variable's name: `{ AUTH_METHOD: 'approle', ROLE_ID: '…' }`. See the
   * reference of the settings. The environment itself is not read.
   */
  readonly settings?: Readonly<Record<string, string>>;
}

/** HashiCorp Vault as a provider for a `Rotator`. @throws {TypeError} lists all wrong settings. */
export function vault(options: VaultOptions): ProviderDefinition {
  return configured(vaultModule, 'VAULT', options);
}

/** OpenBao as a provider for a `Rotator`. @throws {TypeError} lists all wrong settings. */
export function openbao(options: VaultOptions): ProviderDefinition {
  return configured(openbaoModule, 'OPENBAO', options);
}

function configured(module: typeof vaultModule, prefix: string, options: VaultOptions): ProviderDefinition {
  const { address, token, tokenFile, namespace, name, settings = {} } = options;
  const given = { ADDR: address, TOKEN: token, TOKEN_FILE: tokenFile, NAMESPACE: namespace, ...settings };
  const named = Object.fromEntries(Object.entries(given).map(([key, value]) => [`${prefix}_${key}`, value]));
  return configureProvider(module, { name, settings: named, readFile: (path) => readFileSync(path, 'utf8') });
}
