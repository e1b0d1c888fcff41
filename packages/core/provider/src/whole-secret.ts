import { displayNames } from '@vault-swarm/kernel';
import { dotenvText, type FileText } from './dotenv-text.ts';
import { type LosslessJson, type LosslessJsonObject, stringifyLosslessJson } from './lossless-json.ts';
import { pemBundle } from './pem-bundle.ts';
import { propertiesText } from './properties-text.ts';
import type { Encoding } from './secret-ref.ts';

/** The encodings that deliver all fields of a secret as one file. */
export type WholeEncoding = Exclude<Encoding, 'raw' | 'base64'>;

/** Whether the encoding delivers all fields, so that it can't be combined with one field. */
export function isWhole(encoding: Encoding): encoding is WholeEncoding {
  return encoding !== 'raw' && encoding !== 'base64';
}

/** Writes all fields as one file. A problem continues "the secret: …" and has names of fields but no values. */
export function wholeText(fields: LosslessJsonObject, encoding: WholeEncoding): FileText {
  if (encoding === 'json') return { kind: 'text', text: stringifyLosslessJson(fields) };
  if (encoding === 'pem-bundle') return bundleOf(fields);
  const nulls = Object.keys(fields).filter((name) => fields[name] === null);
  if (nulls.length > 0) return { kind: 'problem', why: `fields are null: ${displayNames(nulls)}` };
  const entries = Object.entries(fields)
    .map(([name, value]) => [name, charactersOf(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) return { kind: 'problem', why: 'it has no fields' };
  return encoding === 'dotenv' ? dotenvText(entries) : { kind: 'text', text: propertiesText(entries) };
}

/** The characters of a field's value: text as it is, everything else as JSON. */
export function charactersOf(value: LosslessJson): string {
  return typeof value === 'string' ? value : stringifyLosslessJson(value);
}

function bundleOf(fields: LosslessJsonObject): FileText {
  const { private_key: privateKey, certificate, ca_chain: chain, issuing_ca: issuer } = fields;
  if (typeof privateKey !== 'string' || typeof certificate !== 'string') {
    const has = Object.keys(fields).length === 0 ? 'none' : displayNames(Object.keys(fields));
    return { kind: 'problem', why: `encoding pem-bundle needs the fields private_key and certificate; it has ${has}` };
  }
  const above = Array.isArray(chain) && chain.length > 0 ? (chain as readonly LosslessJson[]) : [issuer];
  return pemBundle({ privateKey, certificate, chain: above.filter((text) => typeof text === 'string') });
}
