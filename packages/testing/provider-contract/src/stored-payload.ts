import type { LosslessJsonObject } from '@vault-swarm/provider';

/** What is stored at a location: text, or named fields (their numbers may have more digits than a double). */
export type StoredPayload = { readonly text: string } | { readonly fields: LosslessJsonObject };
