import { readlinkSync } from 'node:fs';

/**
 * The kernel's name for the namespace of process ids that this process is in, such as `pid:[4026531836]`: the same for all
 * of one container, and another for each container; `null` where the kernel does not tell.
 */
export function processNamespace(): string | null {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return null;
  }
}
