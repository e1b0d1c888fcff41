/** One value of a secret: its revision, and the keyed digest of the delivered bytes (`null` if the plugin never read it). */
export interface SecretVersion {
  /** The provider's revision, with the tag of its ref before it: see {@link tagRevision}. */
  readonly revision: string;
  readonly digest: string | null;
  /** The digest under the previous key, while the operator replaces the key. Only for a value that was just read. */
  readonly formerDigest?: string | null;
}

/** A value of which only one thing is known: it is older than every known value. It can't be delivered again. */
export interface UnknownVersion {
  readonly revision: null;
  readonly digest: null;
  readonly formerDigest?: null;
}

/** The value of a task, as far as it is known. */
export type PossibleVersion = SecretVersion | UnknownVersion;

/** The one {@link UnknownVersion}. */
export const UNKNOWN_OLDER: UnknownVersion = { revision: null, digest: null };

/** Whether the value can be delivered again. */
export function isKnown<V extends PossibleVersion>(value: V): value is Exclude<V, UnknownVersion> & SecretVersion {
  return value.revision !== null;
}

/** Whether two values of one secret are the same to a task: the same revision, or the same bytes. */
export function sameValue(a: PossibleVersion, b: PossibleVersion): boolean {
  if (wasRecorded(a, b) || wasRecorded(b, a)) return true;
  return a.revision === b.revision || (a.digest !== null && a.digest === b.digest);
}

/** Whether the ledger has the same bytes as the read value, compared by the digest under the previous key. */
function wasRecorded({ formerDigest = null }: PossibleVersion, { digest }: PossibleVersion): boolean {
  return formerDigest !== null && formerDigest === digest;
}

/**
 * Makes revisions of one secret comparable, even if its labels named another ref before. Untagged revisions are
 * comparable only within one ref.
 */
export function tagRevision(refKey: string, revision: string): string {
  return `${tagOf(refKey)}:${revision}`;
}

/** The provider's own revision. */
export function untagRevision(tagged: string): string {
  return tagged.slice(tagged.indexOf(':') + 1);
}

/** Whether the value was read by this ref. The secret's labels may have named another ref then. */
export function isOfRef({ revision }: SecretVersion, refKey: string): boolean {
  return revision.startsWith(`${tagOf(refKey)}:`);
}

/** Whether both values were read by one ref. */
export function isOfSameRef(a: SecretVersion, b: SecretVersion): boolean {
  return a.revision.slice(0, a.revision.indexOf(':')) === b.revision.slice(0, b.revision.indexOf(':'));
}

/** FNV-1a, 32 bits. This is enough, since one secret has only a few refs in its lifetime. */
function tagOf(refKey: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < refKey.length; index++) hash = Math.imul(hash ^ refKey.charCodeAt(index), 0x01000193);
  return (hash >>> 0).toString(36);
}
