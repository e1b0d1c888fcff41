import type { SecretRef } from '@vault-swarm/provider';

/** A text that is equal for two refs exactly if they have the same location, whatever their fields and encodings. */
export function locationKey({ location }: Pick<SecretRef, 'location'>): string {
  return JSON.stringify(Object.entries(location).sort());
}
