import { createHash } from 'node:crypto';

/** By this a key can be told from another and shown, without being shown itself. */
export function fingerprint(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 8);
}
