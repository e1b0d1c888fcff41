/**
 * The codes of {@link ConfigurationWarning}, which programs match on. docs/reference/environment.md has each, and what to
 * do about it.
 */
export const warningCodes = [
  'anonymous-monitoring',
  'certificate-not-verified',
  'core-dumps-enabled',
  'credential-file-readable',
  'docker-without-tls',
  'ledger-key-in-ledger',
  'plain-http',
  'setting-ignored',
  'setting-unread',
  'short-token',
  'socket-directory-writable',
  'unsigned-ledger-accepted',
] as const;

/** One of {@link warningCodes}. */
export type WarningCode = (typeof warningCodes)[number];

/** A setting that is legal, and dangerous or without effect. The plugin starts with it, and says so. */
export interface ConfigurationWarning {
  readonly code: WarningCode;
  readonly variable: string;
  /** What is dangerous, and what to do. Never a credential's value. */
  readonly message: string;
}
