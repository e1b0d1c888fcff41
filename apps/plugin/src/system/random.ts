import type { Random } from '@vault-swarm/kernel';

/** Good enough for jitter. */
export const systemRandom: Random = { next: () => Math.random() };
