import { readFileSync } from 'node:fs';
import { configureProvider, type ProviderDefinition } from '@vault-swarm/provider';
import { azureModule } from './module.ts';

/** The settings of {@link azure}. */
export interface AzureOptions {
  /** The address of the key vault: `https://example.vault.azure.net`. */
  readonly vaultUrl: string;
  /** The name of this provider in labels. Default `azure`. */
  readonly name?: string;
  /**
   * Further settings, by the names of the environment variables: `{ AZURE_CLIENT_ID: '…' }`. Without a login, the
   * identity of the machine is used.
   */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Azure Key Vault as a provider for a `Rotator`. @throws {TypeError} lists all wrong settings. */
export function azure({ vaultUrl, name, settings = {} }: AzureOptions): ProviderDefinition {
  const readFile = (path: string) => readFileSync(path, 'utf8');
  return configureProvider(azureModule, { name, settings: { AZURE_VAULT_URL: vaultUrl, ...settings }, readFile });
}
