import type { Clock } from '@vault-swarm/kernel';
import { CallBudget, type Events, type ProviderInstance } from '@vault-swarm/provider';
import { AwsSecrets } from './adapter.ts';
import { SecretsClient } from './client.ts';
import type { AwsConfig } from './config.ts';
import { AwsProbe } from './probe.ts';
import { VersionMarkers } from './version-markers.ts';

/** The dependencies of an instance, besides its configuration. */
export interface AwsProviderOptions {
  /** The instance's name in labels and configuration. */
  readonly name: string;
  readonly clock: Clock;
  /** Receives an event for every request to AWS, and for each identity that was found. */
  readonly events: Events;
}

/** Creates a provider for one account of AWS Secrets Manager, in any region. It makes no call before it is used. */
export function createAwsProvider(config: AwsConfig, options: AwsProviderOptions): ProviderInstance {
  const { name, clock, events } = options;
  const budget = new CallBudget(config.maxCallsPerHour, clock);
  const client = new SecretsClient(config, { name, clock, events, budget });
  const markers = new VersionMarkers(clock);
  const secrets = new AwsSecrets({ client, clock, markers });
  return {
    name,
    secrets,
    probe: new AwsProbe({ client, clock, markers, budget, name, region: config.region }),
    hints: null,
    revisions: secrets,
    order: markers,
    leases: null,
    holders: null,
    async close() {
      secrets.close();
      client.close();
    },
  };
}
