import { readFileSync } from 'node:fs';

/** Docker mounts files of a container's directory, such as its `hostname`, into the container. */
const OWN_FILE = /\/containers\/([0-9a-f]{64})\/(?:hostname|hosts|resolv\.conf) /;

/** The engine mounts the directory of a managed plugin's socket, which is named for the plugin's id, into it. */
const PLUGIN_DIRECTORY = /\/[0-9a-f]{64} \/run\/docker\/plugins /;

/** The id of the container that this process is in; `null` if it is in none. */
export function ownContainer(mountInfo: () => string = readMountInfo): string | null {
  try {
    return OWN_FILE.exec(mountInfo())?.[1] ?? null;
  } catch {
    return null;
  }
}

/** Whether this process is a managed plugin. */
export function isManagedPlugin(mountInfo: () => string = readMountInfo): boolean {
  try {
    return PLUGIN_DIRECTORY.test(mountInfo());
  } catch {
    return false;
  }
}

function readMountInfo(): string {
  return readFileSync('/proc/self/mountinfo', 'utf8');
}
