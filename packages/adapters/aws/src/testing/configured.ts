import { readFileSync } from 'node:fs';
import { type Clock, EventBus } from '@vault-swarm/kernel';
import { realClock } from '@vault-swarm/lab/clocks';
import {
  Environment,
  type Events,
  type ProductEvent,
  type ProviderInstance,
  type SecretRef,
} from '@vault-swarm/provider';
import { type AwsConfig, parseAwsConfig } from '../config.ts';
import { createAwsProvider } from '../index.ts';

/** Variables as they would be in the environment. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** The configuration that these variables give; throws where they are wrong. */
export function configOf(variables: Variables): AwsConfig {
  const environment = new Environment(variables, (path) => readFileSync(path, 'utf8'));
  const config = parseAwsConfig(environment);
  if (environment.problems.length > 0) throw new Error(JSON.stringify(environment.problems));
  return config;
}

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
  {
    clock = realClock,
    events = new EventBus<ProductEvent>(clock),
  }: { readonly clock?: Clock; readonly events?: Events } = {},
): ProviderInstance {
  return createAwsProvider(configOf(variables), { name: 'aws', clock, events });
}

/** A ref to a secret by name or ARN. */
export function refTo(name: string, options: Partial<SecretRef> & { readonly stage?: string } = {}): SecretRef {
  const { stage, ...others } = options;
  return { provider: 'aws', location: { name, ...(stage === undefined ? {} : { stage }) }, encoding: 'raw', ...others };
}
