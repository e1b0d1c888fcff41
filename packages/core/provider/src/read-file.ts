/**
 * Reads the current text of a file.
 *
 * @throws {UnusableFile} if the path leads to something that is not read; else the system's error, with its `code`, and
 * with `advice` if the reader knows what to do.
 */
export type ReadFile = (path: string) => string;

/** The path does not lead to a regular file, or the file is too large. */
export class UnusableFile extends Error {
  override readonly name = 'UnusableFile';
  /** Continues "a file that …". */
  readonly reason: string;

  constructor(reason: string) {
    super(`a file that ${reason}`);
    this.reason = reason;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist: a part of its path is a file',
  EISDIR: 'is a directory',
  EACCES: "can't be read: this process has no permission",
  EPERM: "can't be read: this process has no permission",
  ELOOP: "can't be read: its symbolic links form a loop",
};

/** Why a {@link ReadFile} failed, as a continuation of "a file that …". It contains nothing of the file. */
export function whyUnreadable(error: unknown): string {
  if (error instanceof UnusableFile) return error.reason;
  const { code = '', advice } = error instanceof Error ? (error as { code?: unknown; advice?: unknown }) : {};
  const reason = REASONS[String(code)] ?? `can't be read${code === '' ? '' : ` (${String(code)})`}`;
  return typeof advice === 'string' ? `${reason}; ${advice}` : reason;
}
