import { readFileSync } from 'node:fs';
import { type Clock, EventBus } from '@vault-swarm/kernel';
import { azurePrincipal } from '@vault-swarm/lab';
import { realClock } from '@vault-swarm/lab/clocks';
import {
  Environment,
  type Events,
  type ProductEvent,
  type ProviderInstance,
  type SecretRef,
} from '@vault-swarm/provider';
import { parseAzureConfig } from '../config.ts';
import { createAzureProvider } from '../provider.ts';

/** Variables as they would be in the environment. */
export type Variables = Readonly<Record<string, string | undefined>>;

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
  {
    clock = realClock,
    events = new EventBus<ProductEvent>(clock),
  }: { readonly clock?: Clock; readonly events?: Events } = {},
): ProviderInstance {
  const readFile = (path: string) => readFileSync(path, 'utf8');
  const environment = new Environment(variables, readFile);
  const config = parseAzureConfig(environment, { readFile });
  if (environment.problems.length > 0) throw new Error(JSON.stringify(environment.problems));
  return createAzureProvider(config, { name: 'azure', clock, events, random: { next: () => 0.5 } });
}

/** A ref to a secret by name. */
export function refTo(name: string, options: Partial<SecretRef> = {}): SecretRef {
  return { provider: 'azure', location: { name }, encoding: 'raw', ...options };
}
