import { displayNames, quoted } from '@vault-swarm/kernel';
import { decodeBase64 } from './base64.ts';
import { parseFields, withoutByteOrderMark } from './json-fields.ts';
import { isLosslessJsonObject, type LosslessJson, type LosslessJsonObject } from './lossless-json.ts';
import { ProviderError } from './provider-error.ts';
import { describeRef, type SecretRef } from './secret-ref.ts';
import { SecretValue } from './secret-value.ts';
import { charactersOf, isWhole, wholeText } from './whole-secret.ts';

/** What a provider holds at a location: bytes, or named fields. */
export type Payload =
  /** `problem`: why bytes that could have fields have none. It continues "the secret: …". */
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly problem?: string }
  | { readonly kind: 'fields'; readonly fields: LosslessJsonObject };

/** The payload of text: its fields if it is a JSON object, else its bytes. */
export function payloadOfText(text: string): Payload {
  return fieldsOrBytes(text, () => new TextEncoder().encode(text));
}

/** The payload of bytes: their fields if they are a JSON object in UTF-8, else the bytes themselves, without a copy. */
export function payloadOfBytes(bytes: Uint8Array): Payload {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { kind: 'bytes', bytes, problem: 'it is not UTF-8 text' };
  }
  return fieldsOrBytes(text, () => bytes);
}

/** Whether several refs may name different parts of a payload. */
export function hasSeveralFields(payload: Payload): boolean {
  return payload.kind === 'fields' && Object.keys(payload.fields).length > 1;
}

function fieldsOrBytes(text: string, bytes: () => Uint8Array): Payload {
  const parsed = parseFields(text);
  return 'fields' in parsed
    ? { kind: 'fields', fields: parsed.fields }
    : { kind: 'bytes', bytes: bytes(), problem: parsed.problem };
}

type BytesPayload = Extract<Payload, { readonly kind: 'bytes' }>;

/** The default fields, in this order, if a secret has several fields and the ref names none. */
export const DEFAULT_FIELDS: readonly string[] = ['value', 'password', 'secret', 'data'];

/**
 * Selects the value that `ref` names from what its location holds. It chooses the field and decodes it as
 * `ref.encoding` says. All provider adapters use this function, so that fields have the same meaning everywhere. The
 * value has its own buffer, so the bytes of the payload may be wiped.
 *
 * @param revision of the payload, if it is known without the value. The error for a missing field names it, so that a
 * missing field is not taken for an answer of a replica that lags.
 * @throws {ProviderError} `NOT_FOUND` for a missing field. `INVALID_PAYLOAD` for a null, several fields without a
 * choice, bytes where fields are needed, text that is not base64, and fields that the file of `ref.encoding` can't have.
 * Messages contain field names but no values.
 */
export function selectValue(payload: Payload, ref: SecretRef, revision?: string): SecretValue {
  if (payload.kind === 'bytes') return selectFromBytes(payload, ref);
  if (isWhole(ref.encoding)) {
    const file = wholeText(payload.fields, ref.encoding);
    if (file.kind === 'problem') throw invalid(ref, file.why);
    return SecretValue.fromText(file.text);
  }
  const [name, value] =
    ref.field === undefined ? defaultField(payload.fields, ref) : namedField(payload.fields, ref, ref.field, revision);
  return decode(characters(value, name, ref), ref);
}

function selectFromBytes({ bytes, problem = 'it has no fields' }: BytesPayload, ref: SecretRef): SecretValue {
  if (ref.field !== undefined || isWhole(ref.encoding)) {
    const wanted = ref.field === undefined ? `encoding ${ref.encoding}` : `field ${quoted(ref.field)}`;
    throw invalid(ref, `${problem}, so it can't give ${wanted}`);
  }
  return ref.encoding === 'raw' ? new SecretValue(new Uint8Array(bytes)) : decode(new TextDecoder().decode(bytes), ref);
}

function defaultField(fields: LosslessJsonObject, ref: SecretRef): readonly [string, LosslessJson] {
  const names = Object.keys(fields);
  const name = names.length === 1 ? names[0] : DEFAULT_FIELDS.find((candidate) => Object.hasOwn(fields, candidate));
  const value = name === undefined ? undefined : fields[name];
  if (name !== undefined && value !== undefined) return [name, value];
  if (names.length === 0) throw invalid(ref, 'it has no fields');
  throw invalid(ref, `it has several fields (${displayNames(names)}); name one of them in the label for the field`);
}

function namedField(
  fields: LosslessJsonObject,
  ref: SecretRef,
  field: string,
  revision: string | undefined,
): readonly [string, LosslessJson] {
  const literal = Object.hasOwn(fields, field) ? fields[field] : undefined;
  const value = literal ?? nested(fields, fieldPath(field));
  if (literal === null || value !== undefined) return [field, value ?? null];
  const names = Object.keys(fields);
  throw new ProviderError(
    'NOT_FOUND',
    `${describeRef(ref)}: there is no such field; it has ${names.length === 0 ? 'none' : displayNames(names)}`,
    { revision },
  );
}

/** `a.b` and the JSON pointer `/a/b` (RFC 6901) both name the field b in a. */
function fieldPath(field: string): readonly string[] {
  if (!field.startsWith('/')) return field.split('.');
  return field
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function nested(fields: LosslessJsonObject, path: readonly string[]): LosslessJson | undefined {
  let value: LosslessJson | undefined = fields;
  for (const name of path) {
    if (Array.isArray(value))
      value = /^(0|[1-9]\d*)$/.test(name) ? (value as readonly LosslessJson[])[Number(name)] : undefined;
    else value = isLosslessJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  }
  return value;
}

function characters(value: LosslessJson, name: string, ref: SecretRef): string {
  if (value === null) throw invalid(ref, `field ${quoted(name)} is null`);
  return charactersOf(value);
}

function decode(text: string, ref: SecretRef): SecretValue {
  if (ref.encoding !== 'base64') return SecretValue.fromText(text);
  const bytes = decodeBase64(withoutByteOrderMark(text));
  if (bytes === null) throw invalid(ref, 'its value is not base64, as the label encoding says');
  return new SecretValue(bytes);
}

function invalid(ref: SecretRef, reason: string): ProviderError {
  return new ProviderError('INVALID_PAYLOAD', `${describeRef(ref)}: ${reason}`);
}
