import { createHmac, randomBytes } from 'node:crypto';
import type { Clock, Digest, Random } from '@vault-swarm/kernel';

/** The longest delay of Node's timers. A longer one would end at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The machine's clock. A delay of more than 24 days ends after 24 days: the rotator's settings allow at most one day. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(0, delayMs), MAX_TIMER_MS));
    return () => clearTimeout(timer);
  },
};

/** For jitter only. */
export const systemRandom: Random = { next: () => Math.random() };

/** HMAC-SHA-256, truncated to 96 bits. The ledger stores these digests, and never a value. */
export const systemDigest: Digest = {
  digest: (key, bytes) => createHmac('sha256', key).update(bytes).digest('base64url').slice(0, 16),
  generateKey: () => randomBytes(32).toString('base64url'),
};
