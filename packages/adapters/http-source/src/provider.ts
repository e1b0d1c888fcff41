import type { Clock, Random } from '@vault-swarm/kernel';
import { CallBudget, type Events, type ProviderInstance } from '@vault-swarm/provider';
import { HttpSecrets } from './adapter.ts';
import type { HttpConfig } from './config.ts';
import { HttpClient } from './http-client.ts';
import { HttpProbe } from './probe.ts';
import { SeenTags } from './seen-tags.ts';

/** The dependencies of an instance, besides its configuration. */
export interface HttpProviderOptions {
  /** The instance's name in labels and configuration. */
  readonly name: string;
  readonly clock: Clock;
  /** For the jitter of retries. */
  readonly random: Random;
  /** A keyed digest: the revision of a value without a version. */
  readonly digest: (bytes: Uint8Array) => string;
  /** Receives an event for every request. */
  readonly events: Events;
}

/** Creates a provider for one HTTP API. It sends no request before it is used. */
export function createHttpProvider(config: HttpConfig, options: HttpProviderOptions): ProviderInstance {
  const { name, clock, digest } = options;
  const budget = new CallBudget(config.maxCallsPerHour, clock);
  const client = new HttpClient(config, { ...options, budget });
  const tags = new SeenTags();
  const secrets = new HttpSecrets(config, { client, clock, tags, digest });
  return {
    name,
    secrets,
    probe: new HttpProbe(config, { client, clock, tags, budget }),
    hints: null,
    revisions: null,
    order: null,
    leases: null,
    holders: null,
    async close() {
      secrets.close();
      await client.close();
    },
  };
}
