import { readdirSync, readFileSync } from 'node:fs';

/**
 * Reads a file of a running container through one of its processes; `docker exec` takes 0.1 s of CPU for that. Returns
 * `undefined` if this process sees none of them, as outside of a sandbox, or the file can't be read.
 */
export function readContainerFile(containerId: string, path: string): Buffer | undefined {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (!readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(containerId)) continue;
      return readFileSync(`/proc/${pid}/root${path}`);
    } catch {
      // The process has ended, or is not in the container yet.
    }
  }
  return undefined;
}
