import { realpathSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/** One file or directory on the way to a path. */
export interface PathStep {
  readonly device: bigint;
  readonly inode: bigint;
  /** Permission bits. */
  readonly mode: number;
}

/** Where a path leads. */
export interface InspectedPath {
  /** Without symbolic links, as far as it exists. */
  readonly realPath: string;
  /** What exists of `realPath`, from the root on. */
  readonly steps: readonly PathStep[];
  /** What the path leads to; `null` if there is nothing, or we may not look. */
  readonly target: PathStep | null;
}

/** Finds out where a path leads. Never throws. */
export type InspectPath = (path: string) => InspectedPath;

/** Where a path leads now: two of one bind mount have the same devices and inodes. */
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
