import { displayText } from '@vault-swarm/kernel';

/**
 * How a secret becomes the delivered bytes: one field unchanged (`raw`) or decoded (`base64`), or all of its fields as
 * a file.
 */
export type Encoding = 'raw' | 'base64' | 'json' | 'dotenv' | 'properties' | 'pem-bundle';

/** How the credentials at a ref's location are issued. A ref without it names a stored value. */
export interface LeaseTerms {
  /**
   * The parameters of the issue: a JSON object as text, with sorted keys, so that equal parameters are equal text.
   * `null`: the issue has none (in Vault a read and not a write).
   */
  readonly params: string | null;
  /** How long a new credential is withheld until it works everywhere, in milliseconds. */
  readonly settleMs: number;
}

/** How a value is decrypted before it is delivered. */
export interface Decryption {
  /** How the provider stores the ciphertext: as base64 text, or as bytes. */
  readonly encoding: 'base64' | 'raw';
  /** The encryption context: the pairs with which the value was encrypted. */
  readonly context: Readonly<Record<string, string>>;
}

/**
 * Where a value is: provider instance, location, field and encoding. Only the adapter knows the meaning of `location`
 * (for Vault `mount` and `path`). Core only compares it.
 */
export interface SecretRef {
  /** The name of the configured provider instance, such as `vault`. */
  readonly provider: string;
  readonly location: Readonly<Record<string, string>>;
  readonly field?: string;
  /** A pinned version. Only this version is read, and it is never rotated. */
  readonly pin?: string;
  readonly encoding: Encoding;
  /** The canonical path for the access policy, if it is not the texts of `location`, joined by slashes. */
  readonly path?: string;
  /** The location issues credentials, and has no stored value: only a `LeaseIssuer` may be asked for this ref. */
  readonly lease?: LeaseTerms;
  /** What the provider returns is a ciphertext. Adapters ignore this: the delivery decrypts. */
  readonly decryption?: Decryption;
}

/** The path by which the access policy knows the ref. It is the same for every spelling of one location. */
export function canonicalPath({ path, location }: Pick<SecretRef, 'path' | 'location'>): string {
  return path ?? Object.values(location).join('/');
}

const keys = new WeakMap<SecretRef, string>();

/**
 * A string that is equal for two refs exactly if they name the same value. Compare revisions and markers only under one
 * key. Do not display it: see {@link describeRef}.
 */
export function refKey(ref: SecretRef): string {
  let key = keys.get(ref);
  if (!key) {
    const { provider, location, field = null, pin = null, encoding, lease, decryption } = ref;
    const others = [lease && { lease: lease.params }, decryption && { decryption }].filter(Boolean);
    key = JSON.stringify([provider, Object.entries(location).sort(), field, pin, encoding, ...others]);
    keys.set(ref, key);
  }
  return key;
}

/**
 * A string that is equal for two leased refs exactly if one issue gives both values: the same location and parameters.
 * `undefined` for a ref that is not leased. Do not display it.
 */
export function leaseKey(ref: SecretRef): string | undefined {
  return ref.lease && refKey({ provider: ref.provider, location: ref.location, encoding: 'raw', lease: ref.lease });
}

/**
 * The key under which a service's value of a ref is known: the {@link refKey}, and the service for a leased ref, since
 * each service has credentials of its own.
 */
export function consumerKey(ref: SecretRef, serviceId: string | undefined): string {
  return ref.lease === undefined ? refKey(ref) : `${refKey(ref)}@${serviceId ?? ''}`;
}

/** The ref for an operator: `vault secret/app/db, field password, version 3`. Each part is limited as by `displayText`. */
export function describeRef(ref: SecretRef): string {
  const field = ref.field === undefined ? '' : `, field ${displayText(ref.field)}`;
  const pin = ref.pin === undefined ? '' : `, version ${displayText(ref.pin)}`;
  return `${displayText(ref.provider)} ${displayText(Object.values(ref.location).join('/'))}${field}${pin}`;
}
