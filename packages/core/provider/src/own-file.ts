/** One of the plugin's own paths. No provider delivers its content. */
export interface OwnFile {
  /** The variable that names it, for messages: `VAULT_TOKEN_FILE`. */
  readonly variable: string;
  readonly path: string;
  /** `credential`: a file that only the plugin should be able to read. `directory`: all files in it are the plugin's own. */
  readonly kind: 'credential' | 'file' | 'directory';
}
