import { displayText } from '@vault-swarm/kernel';

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

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist: a part of its path is a file',
  EISDIR: 'is a directory',
  EACCES: "can't be read: this process has no permission",
  EPERM: "can't be read: this process has no permission",
  ELOOP: "can't be read: its symbolic links form a loop",
};

/** The directory of credentials on a manager, and the same directory as the managed plugin sees it. */
const HOST_DIRECTORY = '/etc/vault-swarm/';
const PLUGIN_DIRECTORY = '/run/vault-swarm/';

/** Why a {@link ReadFile} failed, as a continuation of "a file that …". It contains nothing of the file. */
export function whyUnreadable(error: unknown): string {
  if (error instanceof UnusableFile) return error.reason;
  const { code = '', path = '' } = error instanceof Error ? (error as { code?: unknown; path?: unknown }) : {};
  const reason = REASONS[String(code)] ?? `can't be read${code === '' ? '' : ` (${String(code)})`}`;
  if (code !== 'ENOENT' || !String(path).startsWith(HOST_DIRECTORY)) return reason;
  const inside = displayText(`${PLUGIN_DIRECTORY}${String(path).slice(HOST_DIRECTORY.length)}`);
  return `${reason}; the managed plugin sees the directory of credentials.source as ${PLUGIN_DIRECTORY.slice(0, -1)}: give ${inside}`;
}
