import { writeFileSync } from 'node:fs';
import { errorMessage } from '@vault-swarm/kernel';
import type { ConfigurationWarning } from '@vault-swarm/provider';

const FILTER = '/proc/self/coredump_filter';

/**
 * Excludes the memory of this process, which contains secrets, from core dumps. By core(5), a filter of 0 excludes all
 * of it, even if the size limit of bin/vault-swarm-plugin could not be set or was removed.
 *
 * @returns `null`, or a warning with the reason why it failed.
 */
export function keepOutOfCoreDumps(): ConfigurationWarning | null {
  try {
    writeFileSync(FILTER, '0');
    return null;
  } catch (error) {
    const reason = errorMessage(error);
    const message = `can't be written, so a core dump of this process may contain secrets: ${reason}`;
    return { code: 'core-dumps-enabled', variable: FILTER, message };
  }
}
