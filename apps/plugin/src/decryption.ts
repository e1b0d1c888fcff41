import { type AwsConfig, kmsDecryption } from '@vault-swarm/aws/config';
import { type Clock, displayNames } from '@vault-swarm/kernel';
import { type Decryptor, Environment, type Events, type ReadFile } from '@vault-swarm/provider';

/** The AWS settings of the environment, for decryption by AWS KMS, or why values can't be decrypted. */
export type DecryptionSettings =
  | { readonly config: AwsConfig; readonly problem: null }
  | { readonly config: null; readonly problem: string };

/**
 * Reads the AWS settings of the environment for decryption. They may be there for another purpose, so a wrong one
 * prevents no start: secrets with labels for decryption get it as their error. The files with credentials are added to
 * `environment`.
 */
export function parseDecryption(
  variables: Readonly<Record<string, string | undefined>>,
  readFile: ReadFile,
  environment: Environment,
): DecryptionSettings {
  const own = new Environment(variables, readFile);
  if (!kmsDecryption.isConfigured(own)) {
    return { config: null, problem: 'AWS KMS decrypts it, so set AWS_REGION and the credentials of AWS' };
  }
  const config = kmsDecryption.parseConfig(own);
  if (own.problems.length > 0) {
    const wrong = displayNames([...new Set(own.problems.map(({ variable }) => variable))]);
    return { config: null, problem: `AWS KMS decrypts it, and these settings are wrong: ${wrong}` };
  }
  const known = new Set(environment.ownFiles.map(({ variable }) => variable));
  for (const file of own.ownFiles) if (!known.has(file.variable)) environment.addOwnFile(file);
  const watched = new Set(environment.credentials.map(({ variable }) => variable));
  for (const named of own.credentials) if (!watched.has(named.variable)) environment.addCredential(named);
  return { config, problem: null };
}

/** Loads the decryptor with the first value that needs it, once. */
export class LazyDecryptor {
  readonly #config: AwsConfig | null;
  readonly #options: { readonly clock: Clock; readonly events: Events };
  #loading: Promise<Decryptor> | undefined;

  constructor({ config }: DecryptionSettings, options: { readonly clock: Clock; readonly events: Events }) {
    this.#config = config;
    this.#options = options;
  }

  /** Rejects if decryption is not configured. Labels that request it are refused before. */
  readonly find = (): Promise<Decryptor> => {
    const config = this.#config;
    if (config === null) return Promise.reject(new Error('decryption is not configured'));
    this.#loading ??= kmsDecryption.load(config, this.#options);
    return this.#loading;
  };

  /** Closes its connections. */
  async close(): Promise<void> {
    const decryptor = await this.#loading?.catch(() => undefined);
    await decryptor?.close();
  }
}
