import type { Clock, Random } from '@vault-swarm/kernel';
import type { Environment } from './configuration.ts';
import type { Events } from './events.ts';
import type { LabelScheme } from './labels.ts';
import type { OwnFile } from './own-file.ts';
import type { ProviderInstance } from './provider-instance.ts';
import type { ReadFile } from './read-file.ts';

/** What a provider charges for its requests. */
export interface RequestPrice {
  readonly dollarsPerRequest: number;
  /** The operations that are free. */
  readonly free: readonly string[];
}

/** What each provider instance gets from the plugin. */
export interface ProviderTools {
  /** The instance's name in labels and in the configuration, such as `vault-eu`. */
  readonly name: string;
  readonly clock: Clock;
  /** For the jitter of retries. */
  readonly random: Random;
  /** A keyed digest. It is the revision if the provider has no version ids. */
  readonly digest: (bytes: Uint8Array) => string;
  /** Receives an event for each request to the provider. */
  readonly events: Events;
  /** The plugin's own files. No provider may deliver them. */
  readonly ownFiles: readonly OwnFile[];
}

/** The environment variables of one kind of provider. They have the order of the reference. */
export interface ProviderVariables {
  /** All variables that {@link ProviderModule.parseConfig} reads, in capital letters, without the credentials. */
  readonly settings: readonly string[];
  /** Each can also be given as a file: the entry `ACME_TOKEN` also allows `ACME_TOKEN_FILE`. */
  readonly credentials: readonly string[];
  /** The default values, by name and as an operator would write them. For `--help`. */
  readonly defaults: Readonly<Record<string, string>>;
  /**
   * Only this kind uses names with this prefix. An unknown name causes a warning, because it is probably a typing
   * error. `null` if other programs read variables with the same prefix.
   */
  readonly ownPrefix: string | null;
  /** Variables that name a file which the provider's library reads by itself. No provider delivers these files. */
  readonly libraryFiles: readonly string[];
}

/**
 * Settings that have more structure than environment variables. A kind with such settings is configured only in
 * `CONFIG_FILE`.
 *
 * `parseConfig` reads them from its `Environment` by their path, with a dot between names: `headers.Accept`, and
 * `version.0` for the first entry of a list. `Environment.namesBelow` lists the names of a mapping.
 */
export interface NestedSettings {
  /** The JSON schema (2020-12) of the YAML mapping `settings`, for the schema of `CONFIG_FILE`. */
  readonly schema: object;
}

/** The other inputs of `parseConfig`. */
export interface ParseContext {
  readonly readFile: ReadFile;
  /**
   * The plugin's own environment, if `CONFIG_FILE` configures the instance. None of these variables configures the
   * instance. If the adapter's library reads the environment by itself, the adapter reports the variables that would
   * take effect.
   */
  readonly surroundings: Environment | null;
}

/**
 * One kind of provider: all that the plugin and its command line know about it. An adapter exports it from `./config`,
 * which loads no library. The list of modules is the source for several parts: the parser of the environment, the
 * schema of `CONFIG_FILE`, labels, metrics, the managed plugin's `config.json`, and the checks of the reference.
 *
 * @typeParam Config what `parseConfig` returns; only the module itself reads it.
 */
export interface ProviderModule<Config = unknown> {
  /**
   * Lower-case letters and digits, such as `vault`. It is the name in `SECRETS_PROVIDER`, the `kind` in `CONFIG_FILE`,
   * and the prefix of the labels (`vault_path`).
   */
  readonly kind: string;
  readonly variables: ProviderVariables;
  /** If given, only `CONFIG_FILE` configures this kind, and {@link ProviderModule.variables} lists nothing. */
  readonly nestedSettings?: NestedSettings;
  /** The price of its requests; `null` if they are free, or if the price is not known. */
  readonly price: RequestPrice | null;
  /** The labels of this kind, and their meaning for an instance. Without `config`: for an instance with default settings. */
  labels(config?: Config): LabelScheme;
  /**
   * Reads the settings of one instance. It reports every problem to `environment` and never throws. The result is used
   * only if there were no problems. The only I/O is to read the files that variables name.
   */
  parseConfig(environment: Environment, context: ParseContext): Config;
  /** Whether the instance or its login uses TLS. Only then are the system's certificates loaded. */
  usesTls(config: Config): boolean;
  /**
   * Imports the provider's library and creates the instance, without a request. It is called after the driver's socket
   * listens, and only for configured kinds. So an unused kind costs nothing.
   */
  load(config: Config, tools: ProviderTools): Promise<ProviderInstance>;
}
