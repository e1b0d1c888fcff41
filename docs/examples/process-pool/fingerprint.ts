import { createHash } from 'node:crypto';

/** Identifies a key in the output without showing the key. */
export function fingerprint(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 8);
}
