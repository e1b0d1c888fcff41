import { readlinkSync } from 'node:fs';

/**
 * The kernel's name for this process's namespace of process ids, such as `pid:[4026531836]`: equal within one
 * container and different between containers; `null` if the kernel does not provide it.
 */
export function processNamespace(): string | null {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return null;
  }
}
