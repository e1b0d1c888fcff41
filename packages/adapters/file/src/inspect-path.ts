import { realpathSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/** One file or directory of a path. */
export interface PathStep {
  readonly device: bigint;
  readonly inode: bigint;
  /** Permission bits. */
  readonly mode: number;
}

/** Where a path leads. */
export interface InspectedPath {
  /** The path without symbolic links, as far as it exists. */
  readonly realPath: string;
  /** The existing parts of `realPath`, starting at the root. */
  readonly steps: readonly PathStep[];
  /** The file or directory at the path; `null` if it does not exist or can't be read. */
  readonly target: PathStep | null;
}

/** Resolves a path. Never throws. */
export type InspectPath = (path: string) => InspectedPath;

/** Resolves a path. Two paths of one bind mount have the same devices and inodes. */
export const inspectPath: InspectPath = (path) => {
  const absolute = resolve(path);
  for (let existing = absolute; ; existing = dirname(existing)) {
    const real = realPathOf(existing);
    if (real === null && existing !== '/') continue;
    const found = real ?? '/';
    const steps = ancestorsOf(found).flatMap((each) => stepOf(each) ?? []);
    const realPath = join(found, relative(existing, absolute));
    return { realPath, steps, target: existing === absolute ? stepOf(found) : null };
  }
};

function realPathOf(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}

/** From the root to the path itself. */
function ancestorsOf(path: string): readonly string[] {
  return path === '/' ? ['/'] : [...ancestorsOf(dirname(path)), path];
}

function stepOf(path: string): PathStep | null {
  try {
    const { dev, ino, mode } = statSync(path, { bigint: true });
    return { device: dev, inode: ino, mode: Number(mode) & 0o7777 };
  } catch {
    return null;
  }
}
