import type { Clock, Random } from '@vault-swarm/kernel';
import { CallBudget, type Events, type ProviderInstance } from '@vault-swarm/provider';
import { GcpSecrets } from './adapter.ts';
import { SecretManagerClient } from './client.ts';
import type { GcpConfig } from './config.ts';
import { GcpProbe } from './probe.ts';
import { PollQuota } from './quota.ts';
import { ReportedVersions } from './reported-versions.ts';
import { gcpRevisionOrder } from './revision.ts';
import { VersionTimes } from './version-times.ts';

/** The dependencies of an instance, besides its configuration. */
export interface GcpProviderOptions {
  /** The instance's name in labels and configuration. */
  readonly name: string;
  readonly clock: Clock;
  /** For the jitter of retries. */
  readonly random: Random;
  /** A keyed digest. It is a part of the revision if Google does not tell when a version was created. */
  readonly digest: (bytes: Uint8Array) => string;
  /** Receives an event for every request to Google, and for each login. */
  readonly events: Events;
}

/** Creates a provider for the secrets of Google's projects, global and regional. It makes no call before it is used. */
export function createGcpProvider(config: GcpConfig, options: GcpProviderOptions): ProviderInstance {
  const { name, clock, random, digest, events } = options;
  const budget = new CallBudget(config.maxCallsPerHour, clock);
  const quota = new PollQuota(clock);
  const client = new SecretManagerClient(config, { name, clock, random, events, budget });
  const reported = new ReportedVersions(clock);
  const times = new VersionTimes();
  const secrets = new GcpSecrets({ client, clock, reported, times, quota, digest });
  return {
    name,
    secrets,
    probe: new GcpProbe({ client, clock, reported, times, budget, quota }),
    hints: null,
    leases: null,
    holders: null,
    revisions: secrets,
    order: gcpRevisionOrder,
    async close() {
      secrets.close();
      await client.close();
    },
  };
}
