/** One of the plugin's own paths. No provider delivers its content. */
export interface OwnFile {
  /** The variable that names it, for messages: `VAULT_TOKEN_FILE`. */
  readonly variable: string;
  readonly path: string;
  /** `credential`: a file that only the plugin should be able to read; `directory`: everything below it counts. */
  readonly kind: 'credential' | 'file' | 'directory';
}
