import { createHmac } from 'node:crypto';
import type { Clock, Random } from '@vault-swarm/kernel';
import { realClock } from '@vault-swarm/lab/clocks';
import { probeAll } from '@vault-swarm/lab/provider-calls';
import { configOf as parsedConfig, unheard, type Variables } from '@vault-swarm/lab/variables';
import type { Events, ProviderInstance, SecretRef } from '@vault-swarm/provider';
import { parseVaultConfig, type VaultConfig } from '../config.ts';
import { createVaultProvider } from '../index.ts';

/** The configuration that these variables give. Throws if they are wrong. */
export function configOf(variables: Variables): VaultConfig {
  const prefix = Object.keys(variables).some((name) => name.startsWith('OPENBAO_')) ? 'OPENBAO' : 'VAULT';
  return parsedConfig(variables, (environment, readFile) => parseVaultConfig(environment, readFile, prefix));
}

/** Always the same jitter. */
export const random: Random = { next: () => 0.5 };

/** A provider that these variables configure, named `vault`, or `openbao` where they are `OPENBAO_…`. */
export function providerOf(variables: Variables, clock: Clock = realClock, events: Events = unheard): ProviderInstance {
  const digest = (bytes: Uint8Array) => createHmac('sha256', 'key of the tests').update(bytes).digest('base64url');
  const config = configOf(variables);
  return createVaultProvider(config, { name: config.prefix.toLowerCase(), clock, random, digest, events });
}

/** A ref to a path of the mount `secret`, or of another one. */
export function refTo(path: string, options: Partial<SecretRef> & { readonly mount?: string } = {}): SecretRef {
  const { mount = 'secret', ...others } = options;
  return { provider: 'vault', location: { mount, path }, encoding: 'raw', ...others };
}

/** The marker of a ref, as soon as there is one: for a second after a deletion only a read can tell. */
export async function markerFrom(provider: ProviderInstance, ref: SecretRef): Promise<string> {
  const untilMs = performance.now() + 5_000;
  for (;;) {
    const [result] = await probeAll(provider, ref);
    if (result?.kind === 'marker') return result.marker;
    if (result?.kind !== 'unsupported' || performance.now() > untilMs) throw new Error(JSON.stringify(result));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
