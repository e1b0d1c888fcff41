import { writeFileSync } from 'node:fs';

/**
 * Keeps the memory of this process, in which there are secrets, out of core dumps: by core(5) a filter of 0 leaves all
 * of it out, also where a limit on the size of dumps (as bin/vault-swarm-plugin sets one) could not be set or is lifted.
 *
 * @returns `null`, or why it could not be done.
 */
export function keepOutOfCoreDumps(): string | null {
  try {
    writeFileSync('/proc/self/coredump_filter', '0');
    return null;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `secrets may come into a core dump of this process: ${reason}`;
  }
}
