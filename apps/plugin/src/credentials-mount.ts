import { displayText } from '@vault-swarm/kernel';
import type { ReadFile } from '@vault-swarm/provider';

/** The directory of credentials on a manager, and the same directory as the managed plugin sees it. */
const HOST_DIRECTORY = '/etc/vault-swarm/';
const PLUGIN_DIRECTORY = '/run/vault-swarm/';

/** Adds advice to the error about a missing file, if its path is one that only the host knows. */
export function withMountAdvice(readFile: ReadFile): ReadFile {
  return (path) => {
    try {
      return readFile(path);
    } catch (error) {
      const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (!isMissing || !path.startsWith(HOST_DIRECTORY)) throw error;
      const inside = displayText(`${PLUGIN_DIRECTORY}${path.slice(HOST_DIRECTORY.length)}`);
      const directory = PLUGIN_DIRECTORY.slice(0, -1);
      const advice = `the managed plugin sees the directory of credentials.source as ${directory}: give ${inside}`;
      throw Object.assign(error, { advice });
    }
  };
}
