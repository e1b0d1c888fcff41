import type { Clock, Random } from '@vault-swarm/kernel';
import { CallBudget, type Events, type ProviderInstance } from '@vault-swarm/provider';
import { AzureSecrets } from './adapter.ts';
import { KeyVaultClient } from './client.ts';
import type { AzureConfig } from './config.ts';
import { AzureProbe } from './probe.ts';
import { VersionMarkers } from './version-markers.ts';

/** The dependencies of an instance, besides its configuration. */
export interface AzureProviderOptions {
  /** The instance's name in labels and configuration. */
  readonly name: string;
  readonly clock: Clock;
  /** For the jitter of retries. */
  readonly random: Random;
  /** Receives an event for every request to Azure, and for each login. */
  readonly events: Events;
}

/** Creates a provider for one key vault. It makes no call before it is used. */
export function createAzureProvider(config: AzureConfig, options: AzureProviderOptions): ProviderInstance {
  const { name, clock, random, events } = options;
  const budget = new CallBudget(config.maxCallsPerHour, clock);
  const client = new KeyVaultClient(config, { name, clock, random, events, budget });
  const markers = new VersionMarkers(clock);
  const secrets = new AzureSecrets({ client, clock, markers });
  return {
    name,
    secrets,
    probe: new AzureProbe({ client, clock, markers, budget, name }),
    hints: null,
    leases: null,
    holders: null,
    revisions: secrets,
    // Azure's times are whole seconds, so that they do not order two versions.
    order: null,
    async close() {
      secrets.close();
      await client.close();
    },
  };
}
