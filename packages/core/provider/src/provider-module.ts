import type { Clock, Random } from '@vault-swarm/kernel';
import type { Environment } from './configuration.ts';
import type { Events } from './events.ts';
import type { LabelScheme } from './labels.ts';
import type { OwnFile } from './own-file.ts';
import type { ReadFile } from './read-file.ts';
import type { ProviderInstance } from './secret-provider.ts';

/** What a provider charges for its requests. */
export interface RequestPrice {
  readonly dollarsPerRequest: number;
  /** The operations that cost nothing. */
  readonly free: readonly string[];
}

/** What the plugin gives to each provider instance. */
export interface ProviderTools {
  /** The instance's name in labels and in the configuration, such as `vault-eu`. */
  readonly name: string;
  readonly clock: Clock;
  /** For the jitter of retries. */
  readonly random: Random;
  /** A keyed digest, used as the revision where the provider has no version ids. */
  readonly digest: (bytes: Uint8Array) => string;
  /** Receives an event for each request to the provider. */
  readonly events: Events;
  /** Files that no provider may deliver. */
  readonly ownFiles: readonly OwnFile[];
}

/** The environment variables of one kind of provider, in the order of the reference. */
export interface ProviderVariables {
  /** All that {@link ProviderModule.parseConfig} reads, in capital letters and without the credentials. */
  readonly settings: readonly string[];
  /** Each can also be given as a file: `ACME_TOKEN` stands for `ACME_TOKEN` and `ACME_TOKEN_FILE`. */
  readonly credentials: readonly string[];
  /** The default values of settings that have one, by name and as an operator would write them. For `--help`. */
  readonly defaults: Readonly<Record<string, string>>;
  /**
   * Names with this prefix belong to this kind alone: a name that is not listed causes a warning, since it is probably a
   * typing error. `null` if other programs read variables with the same prefix.
   */
  readonly ownPrefix: string | null;
  /** Variables with the path of a file that the provider's library reads by itself. No provider delivers these files. */
  readonly libraryFiles: readonly string[];
}

/** What `parseConfig` gets besides the variables. */
export interface ParseContext {
  readonly readFile: ReadFile;
  /**
   * The plugin's own environment, if the instance is one of `CONFIG_FILE`: none of its variables configures the instance.
   * An adapter whose library reads the environment by itself reports the variables that would.
   */
  readonly surroundings: Environment | null;
}

/**
 * One kind of provider: all that the plugin and its command line know about it. An adapter exports it from `./config`, which
 * loads no library. The environment's parser, the schema of `CONFIG_FILE`, labels, metrics, the managed plugin's `config.json`
 * and the checks of the reference are derived from the list of modules.
 *
 * @typeParam Config what `parseConfig` returns; only the module itself reads it.
 */
export interface ProviderModule<Config = unknown> {
  /**
   * Lower-case letters and digits, such as `vault`: the name in `SECRETS_PROVIDER`, the `kind` in `CONFIG_FILE`, and the prefix of
   * the labels (`vault_path`).
   */
  readonly kind: string;
  readonly variables: ProviderVariables;
  /** The price of its requests; `null` if they are free, or if the price is not known. */
  readonly price: RequestPrice | null;
  /** The labels of this kind, and what they mean to an instance. Without `config`: to an instance with default settings. */
  labels(config?: Config): LabelScheme;
  /**
   * Reads the settings of one instance. Reports every problem to `environment` and throws nothing; the result is used only if
   * nothing was reported. Does no I/O but to read the files that variables name.
   */
  parseConfig(environment: Environment, context: ParseContext): Config;
  /** Whether the instance, or its login, uses TLS: only then are the system's certificates loaded. */
  usesTls(config: Config): boolean;
  /**
   * Imports the provider's library and makes the instance, without a request. Called after the driver's socket listens, and only
   * for configured kinds, so a kind that is not used costs nothing.
   */
  load(config: Config, tools: ProviderTools): Promise<ProviderInstance>;
}
