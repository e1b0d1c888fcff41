import { createHmac } from 'node:crypto';
import type { Clock } from '@vault-swarm/kernel';
import { GCP_FAKE_PROJECT, type GcpFake } from '@vault-swarm/lab';
import { realClock } from '@vault-swarm/lab/clocks';
import { configOf, unheard, type Variables } from '@vault-swarm/lab/variables';
import type { Events, ProviderInstance, SecretRef } from '@vault-swarm/provider';
import { parseGcpConfig } from '../config.ts';
import { createGcpProvider } from '../provider.ts';

/** The variables for a fake, with the service account of its machine. */
export function variablesFor({ endpoint, host }: Pick<GcpFake, 'endpoint' | 'host'>): Variables {
  return { GCP_PROJECT_ID: GCP_FAKE_PROJECT, GCP_ENDPOINT: endpoint, GCE_METADATA_HOST: host };
}

/** A provider named `gcp` that these variables configure. */
export function providerOf(
  variables: Variables,
  { clock = realClock, events = unheard }: { readonly clock?: Clock; readonly events?: Events } = {},
): ProviderInstance {
  const config = configOf(variables, (environment, readFile) => parseGcpConfig(environment, { readFile }));
  const digest = (bytes: Uint8Array) => createHmac('sha256', 'key of the test').update(bytes).digest('base64url');
  return createGcpProvider(config, { name: 'gcp', clock, events, digest, random: { next: () => 0.5 } });
}

/** A ref to a secret by its id or full name. */
export function refTo(name: string, options: Partial<SecretRef> & { readonly version?: string } = {}): SecretRef {
  const { version, ...others } = options;
  const location = version === undefined ? { name } : { name, version };
  return { provider: 'gcp', location, encoding: 'raw', ...others };
}

/** The full name of a secret in the fake's project, or in another one. */
export function fullName(id: string, project = GCP_FAKE_PROJECT): string {
  return `projects/${project}/secrets/${id}`;
}
