/**
 * Reads the current text of a file.
 *
 * @throws {UnusableFile} if the path leads to something that is not read; else the system's error, with its `code`.
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

/** Why a {@link ReadFile} failed, as a continuation of "a file that …". It contains nothing of the file. */
export function whyUnreadable(error: unknown): string {
  if (error instanceof UnusableFile) return error.reason;
  return `can't be read${error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''}`;
}
