import { createHmac, randomBytes } from 'node:crypto';
import type { Digest } from '@vault-swarm/kernel';

const DIGEST_CHARACTERS = 16;
const KEY_BYTES = 32;

/** HMAC-SHA-256, truncated to 96 bits: the ledger has thousands, each of which is compared with a few others only. */
export const systemDigest: Digest = {
  digest: (key, bytes) => createHmac('sha256', key).update(bytes).digest('base64url').slice(0, DIGEST_CHARACTERS),
  generateKey: () => randomBytes(KEY_BYTES).toString('base64url'),
};
