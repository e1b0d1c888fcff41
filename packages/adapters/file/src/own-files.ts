import { dirname } from 'node:path';
import { type OwnFile, quoted } from '@vault-swarm/provider';
import type { InspectedPath, InspectPath, PathStep } from './inspect-path.ts';

/**
 * Why `directory` can't be one of secrets, by where it and the plugin's own files lead now; `null` if it can. A label could
 * name each file below it, and so have the plugin's own credentials delivered.
 */
export function ownFileProblem(directory: string, ownFiles: readonly OwnFile[], inspect: InspectPath): string | null {
  const inspected = inspect(directory);
  if (`${inspected.realPath}/`.startsWith('/proc/')) {
    return `${quoted(directory)} is in /proc, which shows the environment of processes; give another directory`;
  }
  for (const { variable, path, kind } of ownFiles) {
    const own = inspect(path);
    // Also if only the link to it is there: what is behind it may be exchanged.
    if (isWithin(own, inspected) || isWithin(inspect(dirname(path)), inspected)) {
      return `${quoted(directory)} contains what ${variable} names (${quoted(path)}), and labels could deliver it; move one of them`;
    }
    if (kind === 'directory' && isWithin(inspected, own)) {
      return `${quoted(directory)} is in the directory of ${variable} (${quoted(path)}), and labels could deliver what is there; move one of them`;
    }
  }
  return null;
}

/**
 * Which of the plugin's own files was opened, also under another name: a hard link, a bind mount; `null` if none was.
 *
 * @param opened where the opened file is, with its own device and inode as `target`.
 */
export function ownFileOpened(
  opened: InspectedPath,
  ownFiles: readonly OwnFile[],
  inspect: InspectPath,
): OwnFile | null {
  const isOwn = ({ path, kind }: OwnFile) => {
    const own = inspect(path);
    return kind === 'directory' ? isWithin(opened, own) : isSame(opened.target, own.target);
  };
  return ownFiles.find(isOwn) ?? null;
}

/** Whether one path leads to the other, or below it. */
function isWithin(inner: InspectedPath, outer: InspectedPath): boolean {
  const below = outer.realPath.endsWith('/') ? outer.realPath : `${outer.realPath}/`;
  return `${inner.realPath}/`.startsWith(below) || inner.steps.some((step) => isSame(step, outer.target));
}

function isSame(one: PathStep | null, other: PathStep | null): boolean {
  return one !== null && other !== null && one.device === other.device && one.inode === other.inode;
}
