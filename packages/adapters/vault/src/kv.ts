import { displayText } from '@vault-swarm/kernel';
import { type LosslessJsonObject, ProviderError, type SecretRef } from '@vault-swarm/provider';
import type { Session } from './auth/session.ts';
import { classify, says } from './error-code.ts';
import { field, isResponseObject, type ResponseJson, type VaultResponse, wholeNumber } from './http-types.ts';
import type { KvVersion } from './kv-mounts.ts';
import { type KvAddress, kvPath } from './paths.ts';
import { vaultErrorOf } from './vault-error.ts';

/** Where a secret is in Vault, with the version that is wanted. */
export interface KvLocation extends KvAddress {
  readonly pin: string | undefined;
  /** Whether `pin` is of an earlier revision, and not of the ref. */
  readonly earlier: boolean;
  /** The secret as messages name it. */
  readonly displayName: string;
  /** The mount as messages name it. */
  readonly displayMount: string;
}

/** That nothing was found, which may also mean that the mount has another version than was thought: `doubtful` says so. */
export interface KvAbsence {
  readonly kind: 'absent';
  readonly ambiguous: boolean;
  readonly noMount: boolean;
  /** The answer was a success, and has not the form of a secret. */
  readonly isOdd: boolean;
}

/** What a read found. */
export type KvOutcome =
  | { readonly kind: 'found'; readonly fields: LosslessJsonObject; readonly version?: KvVersionStamp }
  | KvAbsence
  | { readonly kind: 'refused' };

/** Number and creation time: a secret that was deleted with all its versions and made again counts from 1 again. */
export interface KvVersionStamp {
  readonly number: number;
  readonly createdTime: string;
}

/** RFC 3339 with nanoseconds has 35 characters. */
const MAX_TIME_LENGTH = 64;

/** More digits would not be a number that we keep exactly. */
const REVISION_NUMBER = /^([1-9]\d{0,14})@/;

/** The place that a ref names. @throws {ProviderError} `INVALID_REF` where it names none. */
export function locationOf(ref: SecretRef): KvLocation {
  const { mount, directory, path } = ref.location;
  if (mount === undefined || mount === '' || path === undefined || path === '') {
    throw new ProviderError('INVALID_REF', `a secret of ${ref.provider} needs a mount and a path`);
  }
  const version = ref.pin === undefined ? '' : `, version ${displayText(ref.pin)}`;
  const v1Path = directory === undefined ? path : `${directory}/${path}`;
  const displayName = `${ref.provider} ${displayText(`${mount}/${v1Path}`)}${version}`;
  return { mount, path, v1Path, pin: ref.pin, earlier: false, displayName, displayMount: displayText(`${mount}/`) };
}

/**
 * The place of what a ref named at an earlier revision, as {@link revisionOf} gives it.
 * @throws {ProviderError} `INVALID_REF` as {@link locationOf}; `NOT_FOUND` for a revision that KV v2 does not give.
 */
export function earlierLocationOf(ref: SecretRef, revision: string): KvLocation {
  const number = REVISION_NUMBER.exec(revision)?.[1];
  if (number !== undefined) return { ...locationOf({ ...ref, pin: number }), earlier: true };
  const { displayName } = locationOf(ref);
  throw new ProviderError(
    'NOT_FOUND',
    `${displayName}: that revision is not of KV v2, and KV v1 keeps no old versions`,
  );
}

/**
 * Reads a secret of KV v2.
 * @throws {ProviderError} `NOT_FOUND` for a version that was deleted or destroyed; as {@link vaultErrorOf} otherwise.
 */
export async function readV2(session: Session, location: KvLocation, signal: AbortSignal): Promise<KvOutcome> {
  const path = kvPath(location, 'data').encoded;
  const query = location.pin === undefined ? '' : `?version=${encodeURIComponent(location.pin)}`;
  const answer = await session.request({
    operation: 'read',
    method: 'GET',
    path: `${path}${query}`,
    exactNumbers: true,
    signal,
  });
  const data = field(answer.body, 'data');
  const metadata = field(data, 'metadata');
  const version = stampOf(metadata);
  if (answer.status === 404 && version !== undefined) {
    const how = field(metadata, 'destroyed') === true ? 'was destroyed' : 'is deleted; undelete it, or write a new one';
    throw new ProviderError('NOT_FOUND', `${location.displayName}: version ${version.number} ${how}`);
  }
  if (answer.status === 200 && version !== undefined) {
    checkEngine(answer, location);
    return { kind: 'found', fields: exactFields(field(data, 'data')) ?? {}, version };
  }
  return otherwise(answer, location);
}

/** Reads a secret of KV v1. @throws {ProviderError} as {@link vaultErrorOf}. */
export async function readV1(session: Session, location: KvLocation, signal: AbortSignal): Promise<KvOutcome> {
  const path = kvPath(location).encoded;
  const answer = await session.request({ operation: 'read', method: 'GET', path, exactNumbers: true, signal });
  const fields = exactFields(field(answer.body, 'data'));
  if (answer.status === 200 && fields !== undefined) {
    checkEngine(answer, location);
    return { kind: 'found', fields };
  }
  return otherwise(answer, location);
}

/** The revision of a version. */
export function revisionOf({ number, createdTime }: KvVersionStamp): string {
  return `${number}@${createdTime}`;
}

/**
 * Which of two revisions was made later: negative if `a` was made first, `undefined` if one of them is not of KV v2. The
 * time decides, since a secret that is deleted and made again counts from 1 again; within a millisecond the number does.
 */
export function compareRevisions(a: string, b: string): number | undefined {
  const [first, second] = [timeAndNumber(a), timeAndNumber(b)];
  if (first === undefined || second === undefined) return undefined;
  return first.timeMs - second.timeMs || first.number - second.number;
}

function timeAndNumber(revision: string): { readonly timeMs: number; readonly number: number } | undefined {
  const number = REVISION_NUMBER.exec(revision)?.[1];
  const timeMs = Date.parse(revision.slice(revision.indexOf('@') + 1));
  return number === undefined || Number.isNaN(timeMs) ? undefined : { timeMs, number: Number(number) };
}

/** What KV v2 says of a version beside its fields; undefined where it says nothing of one. */
export function stampOf(metadata: ResponseJson | undefined): KvVersionStamp | undefined {
  const number = wholeNumber(field(metadata, 'version'));
  const createdTime = createdTimeOf(metadata);
  return number === undefined || createdTime === undefined ? undefined : { number, createdTime };
}

/** When a version was made, in KV v2's own words. They are a part of its revision, so a text that is too long is no time. */
export function createdTimeOf(metadata: ResponseJson | undefined): string | undefined {
  const createdTime = field(metadata, 'created_time');
  return typeof createdTime === 'string' && createdTime.length <= MAX_TIME_LENGTH ? createdTime : undefined;
}

/** The error for a version that is pinned, or an earlier one that is wanted, where KV v1 keeps none. */
export function versionOnV1({ displayName, displayMount, earlier }: KvLocation): ProviderError {
  if (earlier) {
    return new ProviderError(
      'NOT_FOUND',
      `${displayName}: the mount ${displayMount} is KV v1, which keeps no old versions`,
    );
  }
  return new ProviderError(
    'INVALID_REF',
    `${displayName}: the mount ${displayMount} is KV v1, which keeps no versions; remove the label for the version`,
  );
}

/** The error for a version whose number is another one's by now: the secret was deleted and made again. */
export function replaced({ displayName }: KvLocation): ProviderError {
  return new ProviderError(
    'NOT_FOUND',
    `${displayName}: the secret was deleted and made again, this is another version now`,
  );
}

/** The error for a secret or a version of it that never was, or is gone with all that Vault knew of it. */
export function notFound(
  { displayName, pin, displayMount }: KvLocation,
  { noMount = false, isOdd = false } = {},
): ProviderError {
  if (isOdd) {
    return new ProviderError(
      'INVALID_PAYLOAD',
      `${displayName}: the answer has not the form of a secret; check what is between the server and us`,
      { isProven: false },
    );
  }
  const missing = pin === undefined ? 'there is no such secret' : 'there is no such version of it';
  return new ProviderError(
    'NOT_FOUND',
    `${displayName}: ${noMount ? `nothing is mounted at ${displayMount}` : missing}`,
  );
}

/** The error for a secret that our policy does not let us read. */
export function denied(location: KvLocation, version: KvVersion): ProviderError {
  const line = policyFor(kvPath(location, version === 'v2' ? 'data' : undefined).plain);
  return new ProviderError(
    'ACCESS_DENIED',
    `${location.displayName}: our policy does not allow to read it; add ${line}`,
  );
}

/**
 * The error for a secret whose mount nobody says is a key-value engine: our policy gives no right in it, or it does not
 * exist, or the server does not show its mounts, so that `setting` has to name it.
 */
export function unproved(location: KvLocation, setting: string): ProviderError {
  const [v2, v1] = [policyFor(kvPath(location, 'data').plain), policyFor(kvPath(location).plain)];
  return new ProviderError(
    'ACCESS_DENIED',
    `${location.displayName}: the server shows us no mount ${location.displayMount}, so nothing is read there; if there is one, add ${v2} ` +
      `for KV v2, ${v1} for KV v1; if our policy has that, name the mount in ${setting} (${displayText(location.mount)}=v2)`,
  );
}

/** The error for a path that, if its mount were KV v2 and not v1, would be of its API and not a secret's. */
export function mayBeV2({ displayName, displayMount }: KvLocation): ProviderError {
  return new ProviderError(
    'INVALID_REF',
    `${displayName}: the path starts as those of KV v2's API do, and the server does not show whether ${displayMount} is KV v1; move the secret`,
  );
}

/** The line of a policy that allows reading a path. */
export function policyFor(path: string): string {
  return `path ${JSON.stringify(displayText(path))} { capabilities = ["read"] }`;
}

/**
 * What an answer without a secret means.
 * @throws {ProviderError} as {@link vaultErrorOf} for what is neither "there is none" nor a refusal.
 */
export function otherwise(answer: VaultResponse, location: KvLocation): Exclude<KvOutcome, { readonly kind: 'found' }> {
  const verdict = classify('read', answer);
  if (verdict === 'ok' || verdict.code === 'NOT_FOUND') {
    // A success of another form, too, comes from a mount of another version.
    const isOdd = verdict === 'ok';
    const noMount = says(answer, 'no handler for route ');
    return {
      kind: 'absent',
      ambiguous: noMount || isOdd || says(answer, 'Invalid path for a versioned K/V secrets engine'),
      noMount,
      isOdd,
    };
  }
  if (verdict.code === 'ACCESS_DENIED' && verdict.isProven) return { kind: 'refused' };
  throw vaultErrorOf(answer, location.displayName);
}

/** The fields of an answer to a call that asked for exact numbers. */
function exactFields(value: ResponseJson | undefined): LosslessJsonObject | undefined {
  return isResponseObject(value) ? (value as LosslessJsonObject) : undefined;
}

/**
 * Compares what the answer says of its engine: Vault names it with each answer, OpenBao does not, and what comes with a lease was
 * made for this reader.
 *
 * @throws {ProviderError} `INVALID_REF` where it is none of key-value secrets.
 */
function checkEngine({ body }: VaultResponse, { displayName, displayMount }: KvLocation): void {
  const type = field(body, 'mount_type');
  const lease = field(body, 'lease_id');
  const isKv = type === undefined || type === '' || type === 'kv' || type === 'generic';
  if (isKv && (lease === undefined || lease === '')) return;
  throw new ProviderError(
    'INVALID_REF',
    `${displayName}: the answer is none of a key-value engine; correct the mount ${displayMount}`,
  );
}
