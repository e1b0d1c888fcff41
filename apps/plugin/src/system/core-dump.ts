import { writeFileSync } from 'node:fs';
import { errorMessage } from '@vault-swarm/kernel';
import type { ConfigurationWarning } from '@vault-swarm/provider';

const FILTER = '/proc/self/coredump_filter';

/**
 * Keeps the memory of this process, in which there are secrets, out of core dumps: by core(5) a filter of 0 leaves all
 * of it out, also where a limit on the size of dumps (as bin/vault-swarm-plugin sets one) could not be set or is released.
 *
 * @returns `null`, or a warning with the reason why it could not be done.
 */
export function keepOutOfCoreDumps(): ConfigurationWarning | null {
  try {
    writeFileSync(FILTER, '0');
    return null;
  } catch (error) {
    const reason = errorMessage(error);
    const message = `can't be written, so a core dump of this process may have secrets in it: ${reason}`;
    return { code: 'core-dumps-enabled', variable: FILTER, message };
  }
}
