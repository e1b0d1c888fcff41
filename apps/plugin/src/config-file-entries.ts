/**
 * A provider of the file: its name for the label `provider`, and its settings. Their names are those of environment
 * variables, or paths of nested settings, such as `headers.Accept`.
 */
export interface ProviderEntry {
  readonly name: string;
  readonly kind: string;
  readonly settings: Readonly<Record<string, string>>;
}

/** The readable entries of `CONFIG_FILE`, and what is wrong with the others. */
export interface ConfigFile {
  readonly entries: readonly ProviderEntry[];
  /** `where` is a path such as `providers.vault-eu.kind`, a line, or empty for the file as a whole. */
  readonly problems: readonly { readonly where: string; readonly message: string }[];
}
