import type { Clock, Random } from '@vault-swarm/kernel';
import type { Events, ProviderInstance } from '@vault-swarm/provider';
import { VaultSecrets } from './adapter.ts';
import { authMethod } from './auth/methods.ts';
import { Session } from './auth/session.ts';
import { VaultClient } from './client.ts';
import type { VaultConfig } from './config.ts';
import { compareRevisions } from './kv.ts';
import { Mounts } from './mounts.ts';
import { VaultProbe } from './probe.ts';

/** What an instance needs besides its configuration. */
export interface VaultProviderOptions {
  /** The name by which labels and configuration know it. */
  readonly name: string;
  readonly clock: Clock;
  /** For the jitter of repeated requests. */
  readonly random: Random;
  /** The keyed digest that stands for the revision on KV v1, where Vault has none. */
  readonly digest: (bytes: Uint8Array) => string;
  /** Is told of every request, and of logins. */
  readonly events: Events;
}

/**
 * A provider on one Vault or OpenBao: KV v2 and v1, found out from each mount. Makes no call before it is asked for
 * something, and logs in then.
 */
export function createVaultProvider(config: VaultConfig, options: VaultProviderOptions): ProviderInstance {
  const { name, clock, random, digest, events } = options;
  const client = new VaultClient(config, { name, clock, random, events });
  const session = new Session({ name, client, method: authMethod(config.auth), clock, events });
  const mounts = new Mounts({
    session,
    clock,
    server: client.server,
    configured: config.kvMounts,
    setting: `${config.prefix}_KV_MOUNTS`,
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
    async close() {
      secrets.close();
      probe.close();
      mounts.close();
      session.close();
      await client.close();
    },
  };
}
