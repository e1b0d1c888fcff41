/**
 * The codes of {@link ConfigurationWarning}, besides those that an adapter lists itself. Programs match on them.
 * docs/reference/environment.md explains each code and its fix.
 */
export const warningCodes = [
  'access-not-enforced',
  'access-rule-unreachable',
  'access-rule-unused',
  'anonymous-monitoring',
  'certificate-not-verified',
  'core-dumps-enabled',
  'credential-file-readable',
  'ledger-key-in-ledger',
  'plain-http',
  'setting-ignored',
  'setting-unread',
  'short-token',
  'socket-directory-writable',
  'unsigned-ledger-accepted',
] as const;

/** A valid setting that is dangerous or has no effect. The plugin starts with it and reports it. */
export interface ConfigurationWarning {
  /** Lower-case words with dashes, such as `short-token`. */
  readonly code: string;
  readonly variable: string;
  /** What is dangerous, and what to do. Never contains a credential. */
  readonly message: string;
}
