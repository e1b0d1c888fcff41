import {
  isLosslessJsonObject,
  type LosslessJson,
  type Payload,
  ProviderError,
  payloadOfBytes,
  payloadOfText,
  stringifyLosslessJson,
} from '@vault-swarm/provider';
import type { RevisionSource, ValueSelection } from './config.ts';
import { valueAt } from './json-pointer.ts';

/** A response with a secret: its bytes, and the JSON in them; `undefined` if they are not JSON. */
export interface SecretBody {
  readonly bytes: Uint8Array;
  readonly json: LosslessJson | undefined;
}

/**
 * The part of a response that is the secret. Text that is a JSON object has fields; other text and bytes are unchanged.
 *
 * @param subject the ref for messages.
 * @throws {ProviderError} `INVALID_PAYLOAD`, not proven, if the response is not as configured.
 */
export function payloadOf({ bytes, json }: SecretBody, selection: ValueSelection, subject: string): Payload {
  if (selection.kind === 'body') return payloadOfBytes(new Uint8Array(bytes));
  if (json === undefined) throw unexpected(subject, 'the response is not JSON');
  if (selection.kind === 'list') return { kind: 'fields', fields: fieldsOf(json, selection, subject) };
  const found = valueAt(json, selection.pointer);
  if (found === undefined) throw unexpected(subject, `the response has nothing at ${selection.pointer}`);
  if (found === null) throw new ProviderError('INVALID_PAYLOAD', `${subject}: its value is null`);
  if (isLosslessJsonObject(found)) return { kind: 'fields', fields: found };
  return payloadOfText(typeof found === 'string' ? found : stringifyLosslessJson(found));
}

/** The revision in a response; `null` if one of the pointers leads to nothing. */
export function revisionAt(
  json: LosslessJson | undefined,
  { pointers }: Extract<RevisionSource, { readonly kind: 'pointers' }>,
): string | null {
  const parts = pointers.map((pointer) => valueAt(json, pointer));
  if (parts.some((part) => part === undefined || part === null)) return null;
  return parts.map((part) => (typeof part === 'string' ? part : stringifyLosslessJson(part ?? null))).join(' ');
}

function fieldsOf(
  json: LosslessJson,
  selection: Extract<ValueSelection, { readonly kind: 'list' }>,
  subject: string,
): Readonly<Record<string, LosslessJson>> {
  const list = valueAt(json, selection.list);
  if (!Array.isArray(list)) throw unexpected(subject, `the response has no list at ${selection.list}`);
  const fields: Record<string, LosslessJson> = Object.create(null);
  for (const entry of list as readonly LosslessJson[]) {
    const name = valueAt(entry, selection.name);
    const value = valueAt(entry, selection.value);
    if (typeof name === 'string' && value !== undefined && !(name in fields)) fields[name] = value;
  }
  return fields;
}

/** The response may be that of another server, so it says nothing of a value that was read before. */
function unexpected(subject: string, reason: string): ProviderError {
  return new ProviderError('INVALID_PAYLOAD', `${subject}: ${reason}; check value or fields of the provider`, {
    isProven: false,
  });
}
