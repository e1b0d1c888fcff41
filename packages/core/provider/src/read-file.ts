/**
 * Reads a file's text as it is now.
 *
 * @throws {UnusableFile} if the path leads to something that is not read; else the system's error, with its `code`.
 */
export type ReadFile = (path: string) => string;

/** What a path leads to is not read: it is no regular file, or too large. */
export class UnusableFile extends Error {
  override readonly name = 'UnusableFile';
  /** Continues "a file that …". */
  readonly reason: string;

  constructor(reason: string) {
    super(`a file that ${reason}`);
    this.reason = reason;
  }
}

/** Why a {@link ReadFile} failed, as a continuation of "a file that …". Nothing of the file is in it. */
export function whyUnreadable(error: unknown): string {
  if (error instanceof UnusableFile) return error.reason;
  return `can't be read${error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''}`;
}
