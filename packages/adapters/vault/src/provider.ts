import type { Clock, Random } from '@vault-swarm/kernel';
import type { Events, ProviderInstance } from '@vault-swarm/provider';
import { VaultSecrets } from './adapter.ts';
import { authMethod } from './auth/methods.ts';
import { Session } from './auth/session.ts';
import { VaultClient } from './client.ts';
import type { VaultConfig } from './config.ts';
import { compareRevisions } from './kv.ts';
import { VaultHolders } from './leases/lease-holders.ts';
import { VaultLeases } from './leases/lease-issuer.ts';
import { Mounts } from './mounts.ts';
import { VaultProbe } from './probe.ts';

/** The dependencies of an instance, besides its configuration. */
export interface VaultProviderOptions {
  /** The instance's name in labels and configuration. */
  readonly name: string;
  readonly clock: Clock;
  /** For the jitter of retries. */
  readonly random: Random;
  /** A keyed digest, used as the revision on KV v1, where Vault has none. */
  readonly digest: (bytes: Uint8Array) => string;
  /** Receives an event for every request, and for logins. */
  readonly events: Events;
}

/**
 * Creates a provider for one Vault or OpenBao with KV v2 and v1, detected for each mount. It makes no call and no
 * login before it is used.
 */
export function createVaultProvider(config: VaultConfig, options: VaultProviderOptions): ProviderInstance {
  const { name, clock, random, digest, events } = options;
  const client = new VaultClient(config, { name, clock, random, events });
  const session = new Session({ name, client, method: authMethod(config.auth), clock, events });
  const kind = config.prefix.toLowerCase();
  const mounts = new Mounts({
    session,
    client,
    clock,
    server: client.server,
    configured: config.kvMounts,
    setting: `${config.prefix}_KV_MOUNTS`,
    leaseLabel: `${kind}_lease`,
  });
  const secrets = new VaultSecrets({ session, mounts, clock, digest });
  const probe = new VaultProbe({ session, mounts, clock });
  return {
    name,
    secrets,
    probe,
    hints: null,
    revisions: secrets,
    order: { compare: compareRevisions },
    leases: new VaultLeases({ client, session, mounts, clock, tokenRole: config.leaseTokenRole, kind }),
    holders: new VaultHolders({
      client,
      session,
      tokenRole: config.leaseTokenRole,
      setting: `${config.prefix}_LEASE_TOKEN_ROLE`,
    }),
    async close() {
      secrets.close();
      probe.close();
      mounts.close();
      session.close();
      await client.close();
    },
  };
}
