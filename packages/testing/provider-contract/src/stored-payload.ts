import { type LosslessJsonObject, stringifyLosslessJson } from '@vault-swarm/provider';

/** What is stored at a location: text, or named fields (their numbers may have more digits than a double). */
export type StoredPayload = { readonly text: string } | { readonly fields: LosslessJsonObject };

/** A payload as one text, for stores that have no fields: fields are a JSON object. */
export function textOf(payload: StoredPayload): string {
  return 'text' in payload ? payload.text : stringifyLosslessJson(payload.fields);
}
