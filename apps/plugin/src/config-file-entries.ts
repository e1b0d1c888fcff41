import type { HookEntry } from '@vault-swarm/http/config';
import type { AccessSettings } from './access-settings.ts';
import type { FileProblem } from './file-problem.ts';
import type { NotificationEntry } from './notifications/notification-config.ts';

/**
 * A provider of the file: its name for the label `provider`, and its settings. Their names are those of environment
 * variables, or paths of nested settings, such as `headers.Accept`.
 */
export interface ProviderEntry {
  readonly name: string;
  readonly kind: string;
  readonly settings: Readonly<Record<string, string>>;
  /** The stacks that may use it; missing: all. */
  readonly stacks?: readonly string[];
}

/** The readable entries of `CONFIG_FILE`, and what is wrong with the others. */
export interface ConfigFile {
  readonly entries: readonly ProviderEntry[];
  /** Whether the file replaces `SECRETS_PROVIDER`, if that is not set. A file without `providers` does not. */
  readonly hasProviders: boolean;
  readonly hooks: readonly HookEntry[];
  readonly notifications: readonly NotificationEntry[];
  /** Missing if the file has none. */
  readonly access?: AccessSettings;
  readonly problems: readonly FileProblem[];
}

/** The entries if `CONFIG_FILE` is not given. */
export const NO_CONFIG_FILE: ConfigFile = {
  entries: [],
  hasProviders: false,
  hooks: [],
  notifications: [],
  problems: [],
};

/** A file that can't be read. */
export function unreadableFile(message: string): ConfigFile {
  return { ...NO_CONFIG_FILE, hasProviders: true, problems: [{ where: '', message }] };
}
