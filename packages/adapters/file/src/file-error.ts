import { ProviderError, type ProviderErrorCode } from '@vault-swarm/provider';

/** What the system says, in the words of the port, and what the operator may do about it. */
const REASONS: Readonly<Record<string, readonly [ProviderErrorCode, string]>> = {
  ENOENT: ['NOT_FOUND', 'there is no such file'],
  ENOTDIR: ['NOT_FOUND', 'there is no such file: a part of its path is a file, not a directory'],
  EACCES: ['ACCESS_DENIED', 'the plugin may not read it; change its owner or mode, or those of its directory'],
  EPERM: ['ACCESS_DENIED', 'the plugin may not read it; change its owner or mode, or those of its directory'],
  ELOOP: ['INVALID_PAYLOAD', 'its symbolic links lead in a circle'],
  ENAMETOOLONG: ['INVALID_REF', 'the path is too long for the file system'],
};

/** The code of a system error, such as `ENOENT`. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** A failure to read the file that `subject` describes. */
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
 * A failure to reach the directory itself. A directory that is not there is most likely not mounted: the values in it are
 * not deleted, so this is `UNAVAILABLE`, and known values go on being served.
 */
export function directoryError(subject: string, directory: string, error: unknown): ProviderError {
  const code = systemCode(error);
  if (code === 'EACCES' || code === 'EPERM') {
    return new ProviderError('ACCESS_DENIED', `${subject}: the plugin may not enter the directory ${directory}`, {
      cause: error,
    });
  }
  const what = code === 'ENOENT' ? 'is not there' : code === 'ENOTDIR' ? 'is a file' : `can't be reached (${code})`;
  const message = `${subject}: the directory ${directory} ${what}; mount or create it, or change FILE_SECRETS_DIR`;
  return new ProviderError('UNAVAILABLE', message, { cause: error });
}
