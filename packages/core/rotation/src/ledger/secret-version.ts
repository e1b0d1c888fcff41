/**
 * One value of a secret as the rotation knows it: its revision, and the keyed digest of the delivered bytes (`null`
 * where it was never read by us).
 */
export interface SecretVersion {
  /** The provider's revision after the tag of the ref that it was read by: see {@link tagRevision}. */
  readonly revision: string;
  readonly digest: string | null;
  /** Its digest under the key before, while the operator replaces the key; only of a value that was just read. */
  readonly formerDigest?: string | null;
}

/** Whether two values of one secret are the same to a task: the same revision, or another one with the same bytes. */
export function sameValue(a: SecretVersion, b: SecretVersion): boolean {
  if (wasRecorded(a, b) || wasRecorded(b, a)) return true;
  return a.revision === b.revision || (a.digest !== null && a.digest === b.digest);
}

/** Whether the ledger has the same bytes as `read`, by their digest under the key before. */
function wasRecorded({ formerDigest = null }: SecretVersion, { digest }: SecretVersion): boolean {
  return formerDigest !== null && formerDigest === digest;
}

/**
 * A revision that can be compared with others of the same secret, though its labels may have named another ref before:
 * revisions themselves are comparable only within one ref.
 */
export function tagRevision(refKey: string, revision: string): string {
  return `${tagOf(refKey)}:${revision}`;
}

/** The provider's own revision. */
export function untagRevision(tagged: string): string {
  return tagged.slice(tagged.indexOf(':') + 1);
}

/** Whether the value was read by this ref: the secret's labels may have named another one then. */
export function isOfRef({ revision }: SecretVersion, refKey: string): boolean {
  return revision.startsWith(`${tagOf(refKey)}:`);
}

/** Whether both values were read by one ref. */
export function isOfSameRef(a: SecretVersion, b: SecretVersion): boolean {
  return a.revision.slice(0, a.revision.indexOf(':')) === b.revision.slice(0, b.revision.indexOf(':'));
}

/** FNV-1a, 32 bits: it has to tell apart the few refs that one secret ever has. */
function tagOf(refKey: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < refKey.length; index++) hash = Math.imul(hash ^ refKey.charCodeAt(index), 0x01000193);
  return (hash >>> 0).toString(36);
}
