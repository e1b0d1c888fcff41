import type { Random } from '@vault-swarm/provider';

/** Good enough for jitter. */
export const systemRandom: Random = { next: () => Math.random() };
