import type { Clock } from '@vault-swarm/kernel';
import { realClock } from '@vault-swarm/lab/clocks';
import { configOf, unheard, type Variables } from '@vault-swarm/lab/variables';
import type { Events, ProviderInstance, SecretRef } from '@vault-swarm/provider';
import { parseAwsConfig } from '../config.ts';
import { createAwsProvider } from '../index.ts';

/** Keys that any double takes, for the region in which its secrets are. */
export function variablesFor(endpoint: string): Variables {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  };
}

/** A provider named `aws` that these variables configure. */
export function providerOf(
  variables: Variables,
  { clock = realClock, events = unheard }: { readonly clock?: Clock; readonly events?: Events } = {},
): ProviderInstance {
  return createAwsProvider(configOf(variables, parseAwsConfig), { name: 'aws', clock, events });
}

/** A ref to a secret by name or ARN. */
export function refTo(name: string, options: Partial<SecretRef> & { readonly stage?: string } = {}): SecretRef {
  const { stage, ...others } = options;
  return { provider: 'aws', location: { name, ...(stage === undefined ? {} : { stage }) }, encoding: 'raw', ...others };
}
