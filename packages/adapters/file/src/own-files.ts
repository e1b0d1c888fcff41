import { dirname } from 'node:path';
import { quoted } from '@vault-swarm/kernel';
import type { OwnFile } from '@vault-swarm/provider';
import type { InspectedPath, InspectPath, PathStep } from './inspect-path.ts';

/**
 * Returns why `directory` can't be used for secrets: it contains, or is next to, the plugin's own files. `null` if it
 * can be used. A label can name each file below the directory, so the plugin's own credentials could be delivered.
 */
export function ownFileProblem(directory: string, ownFiles: readonly OwnFile[], inspect: InspectPath): string | null {
  const inspected = inspect(directory);
  if (`${inspected.realPath}/`.startsWith('/proc/')) {
    return `${quoted(directory)} is in /proc, which shows the environment of processes; give another directory`;
  }
  for (const { variable, path, kind } of ownFiles) {
    const own = inspect(path);
    // Also if only the link is in it: the link's target could be replaced.
    if (isWithin(own, inspected) || isWithin(inspect(dirname(path)), inspected)) {
      return `${quoted(directory)} contains the file or directory of ${variable} (${quoted(path)}), and labels could deliver it; move one of them`;
    }
    if (kind === 'directory' && isWithin(inspected, own)) {
      return `${quoted(directory)} is in the directory of ${variable} (${quoted(path)}), and labels could deliver files of that directory; move one of them`;
    }
  }
  return null;
}

/**
 * Returns which of the plugin's own files was opened, also through a hard link or bind mount; `null` if none.
 *
 * @param opened the opened file, with its own device and inode as `target`.
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

/** Whether `inner` is `outer` or is below it. */
function isWithin(inner: InspectedPath, outer: InspectedPath): boolean {
  const below = outer.realPath.endsWith('/') ? outer.realPath : `${outer.realPath}/`;
  return `${inner.realPath}/`.startsWith(below) || inner.steps.some((step) => isSame(step, outer.target));
}

function isSame(one: PathStep | null, other: PathStep | null): boolean {
  return one !== null && other !== null && one.device === other.device && one.inode === other.inode;
}
