import { quoted, type ReadFile, whyUnreadable } from '@vault-swarm/provider';

/** A provider of the file: its name for the label `provider`, and settings under the names of environment variables. */
export interface ProviderEntry {
  readonly name: string;
  readonly kind: string;
  readonly settings: Readonly<Record<string, string>>;
}

/** What `CONFIG_FILE` has, as far as it can be understood, and what can't. */
export interface ConfigFile {
  readonly entries: readonly ProviderEntry[];
  /** `where` is a path such as `providers.vault-eu.kind`, a line, or empty for the file as a whole. */
  readonly problems: readonly { readonly where: string; readonly message: string }[];
}

/** Where `CONFIG_FILE` is not given. */
export const NO_CONFIG_FILE: ConfigFile = { entries: [], problems: [] };

/**
 * Reads the file that `CONFIG_FILE` names. Its form is that of docs/reference/config-file.schema.json; whether the settings
 * are right is not checked here. The library that reads YAML is loaded only where there is a file.
 */
export async function readConfigFile(
  variables: Readonly<Record<string, string | undefined>>,
  readFile: ReadFile,
): Promise<ConfigFile> {
  const path = variables.CONFIG_FILE ?? '';
  if (path === '') return NO_CONFIG_FILE;
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    return {
      entries: [],
      problems: [{ where: '', message: `${quoted(path)} names a file that ${whyUnreadable(error)}` }],
    };
  }
  const { parseConfigFile } = await import('./config-file-yaml.ts');
  return parseConfigFile(text);
}
