/**
 * The codes of {@link ConfigurationWarning}. Programs match on them. docs/reference/environment.md explains each code
 * and its fix.
 */
export const warningCodes = [
  'access-not-enforced',
  'access-rule-unreachable',
  'access-rule-unused',
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

/** A valid setting that is dangerous or has no effect. The plugin starts with it and reports it. */
export interface ConfigurationWarning {
  readonly code: WarningCode;
  readonly variable: string;
  /** What is dangerous, and what to do. Never contains a credential. */
  readonly message: string;
}
