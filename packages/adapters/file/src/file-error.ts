import { ProviderError, type ProviderErrorCode } from '@vault-swarm/provider';

/** Error code and message, with advice for the operator, by the system's error code. */
const REASONS: Readonly<Record<string, readonly [ProviderErrorCode, string]>> = {
  ENOENT: ['NOT_FOUND', 'the file does not exist'],
  ENOTDIR: ['NOT_FOUND', 'the file does not exist: a part of its path is a file, not a directory'],
  EACCES: [
    'ACCESS_DENIED',
    'this process has no permission to read it; change the owner or mode of the file or its directory',
  ],
  EPERM: [
    'ACCESS_DENIED',
    'this process has no permission to read it; change the owner or mode of the file or its directory',
  ],
  ELOOP: ['INVALID_PAYLOAD', 'its symbolic links form a loop'],
  ENAMETOOLONG: ['INVALID_REF', 'the path is too long for the file system'],
};

/** The code of a system error, such as `ENOENT`. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** The error for a failure to read the file that `subject` describes. */
export function fileError(subject: string, error: unknown): ProviderError {
  if (error instanceof ProviderError) return error;
  const code = systemCode(error);
  const [reason, text] = REASONS[code ?? ''] ?? [
    'UNAVAILABLE',
    `it can't be read${code === undefined ? '' : ` (${code})`}`,
  ];
  return new ProviderError(reason, `${subject}: ${text}`, { cause: error });
}

/**
 * The error for a failure to reach the directory itself. A missing directory is probably not mounted, and its values
 * are not deleted. The code is therefore `UNAVAILABLE`, and cached values are still served.
 */
export function directoryError(subject: string, directory: string, error: unknown): ProviderError {
  const code = systemCode(error);
  if (code === 'EACCES' || code === 'EPERM') {
    return new ProviderError(
      'ACCESS_DENIED',
      `${subject}: this process has no permission to enter the directory ${directory}`,
      {
        cause: error,
      },
    );
  }
  const what = code === 'ENOENT' ? 'does not exist' : code === 'ENOTDIR' ? 'is a file' : `can't be reached (${code})`;
  const message = `${subject}: the directory ${directory} ${what}; mount or create it, or change FILE_SECRETS_DIR`;
  return new ProviderError('UNAVAILABLE', message, { cause: error });
}
