/** A path of the plugin's own: no provider delivers what is there. */
export interface OwnFile {
  /** What names it, for messages: `VAULT_TOKEN_FILE`. */
  readonly variable: string;
  readonly path: string;
  /** `credential`: a file that only the plugin should be able to read; `directory`: everything below it counts. */
  readonly kind: 'credential' | 'file' | 'directory';
}
