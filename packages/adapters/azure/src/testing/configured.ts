import type { Clock } from '@vault-swarm/kernel';
import { azurePrincipal } from '@vault-swarm/lab';
import { realClock } from '@vault-swarm/lab/clocks';
import { configOf, unheard, type Variables } from '@vault-swarm/lab/variables';
import type { Events, ProviderInstance, SecretRef } from '@vault-swarm/provider';
import { parseAzureConfig } from '../config.ts';
import { createAzureProvider } from '../provider.ts';

/** The variables for a fake: its vault, and its service principal. */
export function variablesFor(endpoint: string): Variables {
  return {
    AZURE_VAULT_URL: endpoint,
    AZURE_AUTHORITY_HOST: endpoint,
    AZURE_TENANT_ID: azurePrincipal.tenantId,
    AZURE_CLIENT_ID: azurePrincipal.clientId,
    AZURE_CLIENT_SECRET: azurePrincipal.clientSecret,
  };
}

/** A provider named `azure` that these variables configure. */
export function providerOf(
  variables: Variables,
  { clock = realClock, events = unheard }: { readonly clock?: Clock; readonly events?: Events } = {},
): ProviderInstance {
  const config = configOf(variables, (environment, readFile) => parseAzureConfig(environment, { readFile }));
  return createAzureProvider(config, { name: 'azure', clock, events, random: { next: () => 0.5 } });
}

/** A ref to a secret by name. */
export function refTo(name: string, options: Partial<SecretRef> = {}): SecretRef {
  return { provider: 'azure', location: { name }, encoding: 'raw', ...options };
}
