import type { Clock } from '@vault-swarm/kernel';
import type { Decryptor, Environment, Events, RequestPrice } from '@vault-swarm/provider';
import { type AwsConfig, parseAwsConfig } from '../config.ts';

/** The name of AWS KMS in events and metrics. It is no name of a provider in labels. */
export const kmsName = 'aws-kms';

/** What the plugin knows of decryption by AWS KMS. It loads no library. */
export const kmsDecryption = {
  /** Whether the environment has AWS settings: a region, or a profile, which may have one. */
  isConfigured: (environment: Environment): boolean =>
    ['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_PROFILE', 'AWS_CONFIG_FILE'].some((name) => environment.has(name)),
  /** Reads the AWS settings. Problems are reported to `environment`. */
  parseConfig: (environment: Environment): AwsConfig => parseAwsConfig(environment),
  /** $0.03 for 10,000 calls; AWS charges nothing for identities. */
  price: { dollarsPerRequest: 0.03 / 10_000, free: ['login'] } satisfies RequestPrice,
  /** Imports the library and creates the decryptor, without a call. */
  async load(config: AwsConfig, options: { readonly clock: Clock; readonly events: Events }): Promise<Decryptor> {
    const { createKmsDecryptor } = await import('./decryptor.ts');
    return createKmsDecryptor(config, { ...options, name: kmsName });
  },
};
