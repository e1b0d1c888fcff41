import { displayText } from '@vault-swarm/kernel';
import { type LosslessJsonObject, ProviderError, type SecretRef } from '@vault-swarm/provider';
import type { Session } from './auth/session.ts';
import { classify, says } from './error-code.ts';
import { field, isResponseObject, type ResponseJson, type VaultResponse, wholeNumber } from './http-types.ts';
import type { KvVersion } from './kv-mounts.ts';
import { type KvAddress, kvPath } from './paths.ts';
import { vaultErrorOf } from './vault-error.ts';

/** The location of a secret in Vault, with the requested version. */
export interface KvLocation extends KvAddress {
  readonly pin: string | undefined;
  /** Whether `pin` is of a previous revision, and not of the ref. */
  readonly earlier: boolean;
  /** The secret for messages. */
  readonly displayName: string;
  /** The mount for messages. */
  readonly displayMount: string;
  /** The service for which it is read. */
  readonly consumer?: string;
}

/** Nothing was found. `ambiguous`: the mount may also have another version than was assumed. */
export interface KvAbsence {
  readonly kind: 'absent';
  readonly ambiguous: boolean;
  readonly noMount: boolean;
  /** The response was a success, but does not have the format of a secret. */
  readonly isOdd: boolean;
}

/** The result of a read. */
export type KvOutcome =
  | {
      readonly kind: 'found';
      readonly fields: LosslessJsonObject;
      /** Of KV v2. */
      readonly version?: KvVersionStamp;
      /** Of a static role. */
      readonly rotation?: RoleRotation;
    }
  | KvAbsence
  | { readonly kind: 'refused' };

/** Number and creation time, because a deleted and recreated secret counts from 1 again. */
export interface KvVersionStamp {
  readonly number: number;
  readonly createdTime: string;
}

/** When a static role's password was rotated, and when it is rotated again. */
interface RoleRotation {
  /** RFC 3339 as the server writes it; `null` if the server has not rotated it yet. */
  readonly rotatedAt: string | null;
  /** In milliseconds from the answer on. It can be 0 for some seconds, until the server has rotated the password. */
  readonly nextInMs: number | null;
}

/** RFC 3339 with nanoseconds has 35 characters. */
const MAX_TIME_LENGTH = 64;

/** More digits are not a number that JavaScript represents exactly. */
const REVISION_NUMBER = /^([1-9]\d{0,14})@/;
/** The revision of a static role. */
const ROTATION_TIME = /^\d{4}-\d\d-\d\dT.+/;

/** The location of a ref. @throws {ProviderError} `INVALID_REF` if it has none. */
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
 * The location of a ref at a previous revision from {@link revisionOf}.
 * @throws {ProviderError} `INVALID_REF` as {@link locationOf}; `NOT_FOUND` for a revision that is not of KV v2.
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
 * @throws {ProviderError} `NOT_FOUND` for a deleted or destroyed version; as {@link vaultErrorOf} otherwise.
 */
export async function readV2(session: Session, location: KvLocation, signal: AbortSignal): Promise<KvOutcome> {
  const path = kvPath(location, 'data').encoded;
  const query = location.pin === undefined ? '' : `?version=${encodeURIComponent(location.pin)}`;
  const answer = await readPath(session, location, `${path}${query}`, signal);
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

/** Reads the values at a path, for the service of the location. */
export function readPath(session: Session, location: KvLocation, path: string, signal: AbortSignal) {
  return session.request({
    operation: 'read',
    method: 'GET',
    path,
    exactNumbers: true,
    ...(location.consumer === undefined ? {} : { consumer: location.consumer }),
    signal,
  });
}

/** Reads a secret of KV v1. @throws {ProviderError} as {@link vaultErrorOf}. */
export async function readV1(session: Session, location: KvLocation, signal: AbortSignal): Promise<KvOutcome> {
  const path = kvPath(location).encoded;
  const answer = await readPath(session, location, path, signal);
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
 * Compares the creation of two revisions: negative if `a` is older, `undefined` if one has no time (KV v1). The time
 * decides, because a deleted and recreated secret counts from 1 again; within a millisecond the number decides.
 */
export function compareRevisions(a: string, b: string): number | undefined {
  const [first, second] = [timeAndNumber(a), timeAndNumber(b)];
  if (first === undefined || second === undefined) return undefined;
  return first.timeMs - second.timeMs || first.number - second.number;
}

function timeAndNumber(revision: string): { readonly timeMs: number; readonly number: number } | undefined {
  const number = REVISION_NUMBER.exec(revision)?.[1];
  const time = number === undefined ? ROTATION_TIME.exec(revision)?.[0] : revision.slice(revision.indexOf('@') + 1);
  const timeMs = Date.parse(time ?? '');
  return Number.isNaN(timeMs) ? undefined : { timeMs, number: Number(number ?? 0) };
}

/** Number and creation time in KV v2's metadata; undefined if there are none. */
export function stampOf(metadata: ResponseJson | undefined): KvVersionStamp | undefined {
  const number = wholeNumber(field(metadata, 'version'));
  const createdTime = createdTimeOf(metadata);
  return number === undefined || createdTime === undefined ? undefined : { number, createdTime };
}

/** The creation time as KV v2 writes it. It becomes a part of the revision, so a text that is too long is rejected. */
export function createdTimeOf(metadata: ResponseJson | undefined): string | undefined {
  const createdTime = field(metadata, 'created_time');
  return typeof createdTime === 'string' && createdTime.length <= MAX_TIME_LENGTH ? createdTime : undefined;
}

/** The error for a pinned or previous version on KV v1, which keeps none. */
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

/** The error for a version whose number now belongs to another one: the secret was deleted and created again. */
export function replaced({ displayName }: KvLocation): ProviderError {
  return new ProviderError(
    'NOT_FOUND',
    `${displayName}: the secret was deleted and created again, so this number is another version now`,
  );
}

/** The error for a secret or version that does not exist. */
export function notFound(
  location: KvLocation,
  version: KvVersion | 'none',
  { noMount = false, isOdd = false } = {},
): ProviderError {
  const { displayName, pin, displayMount } = location;
  if (isOdd) {
    return new ProviderError(
      'INVALID_PAYLOAD',
      `${displayName}: the response does not have the format of a secret; check any proxy in front of the server`,
      { isProven: false },
    );
  }
  const missing = pin === undefined ? 'there is no such secret' : 'there is no such version of it';
  return new ProviderError(
    'NOT_FOUND',
    `${displayName}: ${noMount ? `nothing is mounted at ${displayMount}; correct the mount` : `${missing}${pathHint(location, version)}`}`,
  );
}

/** What is often wrong with a path that leads nowhere; empty if nothing is seen in it. */
function pathHint({ path: v2Path, v1Path, displayMount }: KvLocation, version: KvVersion | 'none'): string {
  const path = version === 'v2' ? v2Path : v1Path;
  if (path !== path.trim()) return '; the path starts or ends with a space';
  if (path.includes('#')) return '; the path has a "#", but a field is named by the label for the field';
  if (path.startsWith('data/')) {
    const isOfApi = version === 'v2' ? 'it is added anyway' : `${displayMount} is KV v1, which has none`;
    return `; remove "data/" from the path, unless it is a directory: ${isOfApi}`;
  }
  if (/^[^/]+\/data\//.test(path)) {
    return `; the mount is ${displayMount}: name another one in the label for the mount, and remove "data/" from the path`;
  }
  return '';
}

/** The error for a secret that our policy does not allow us to read. */
export function denied(location: KvLocation, version: KvVersion | 'none'): ProviderError {
  const line = policyFor(kvPath(location, version === 'v2' ? 'data' : undefined).plain);
  const why = 'the policy of the login does not allow reading it';
  return new ProviderError(
    'ACCESS_DENIED',
    `${location.displayName}: ${why}${pathHint(location, version)}; add ${line}`,
  );
}

/**
 * The error for a mount that is not known to be a key-value engine: our policy has no rule for it, it does not
 * exist, or the server does not show its mounts, so that `setting` must name it.
 */
export function unproved(location: KvLocation, setting: string): ProviderError {
  const [v2, v1] = [policyFor(kvPath(location, 'data').plain), policyFor(kvPath(location).plain)];
  return new ProviderError(
    'ACCESS_DENIED',
    `${location.displayName}: the server shows no mount ${location.displayMount} to this login, so nothing is read there; correct ` +
      `the mount, or, if it exists, add ${v2} for KV v2, ${v1} for KV v1 or a static role; if the policy has that already, name the mount in ` +
      `${setting} (${displayText(location.mount)}=v2)`,
  );
}

/** The error for a path that would be an API path, and not a secret, if its mount were KV v2. */
export function mayBeV2({ displayName, displayMount }: KvLocation): ProviderError {
  return new ProviderError(
    'INVALID_REF',
    `${displayName}: the path starts like those of KV v2's API, and the server does not show whether ${displayMount} is KV v1; move the secret`,
  );
}

/** The policy line that allows reading a path. */
export function policyFor(path: string): string {
  return `path ${JSON.stringify(displayText(path))} { capabilities = ["read"] }`;
}

/** The policy line that allows writing to a path. */
export function updatePolicyFor(path: string): string {
  return `path ${JSON.stringify(displayText(path))} { capabilities = ["update"] }`;
}

/**
 * The meaning of a response without a secret.
 * @throws {ProviderError} as {@link vaultErrorOf} if it is neither "does not exist" nor a denial.
 */
export function otherwise(answer: VaultResponse, location: KvLocation): Exclude<KvOutcome, { readonly kind: 'found' }> {
  const verdict = classify('read', answer);
  if (verdict === 'ok' || verdict.code === 'NOT_FOUND') {
    // A success in another format also comes from a mount of another version.
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

/** The fields of a response with exact numbers. */
function exactFields(value: ResponseJson | undefined): LosslessJsonObject | undefined {
  return isResponseObject(value) ? (value as LosslessJsonObject) : undefined;
}

/**
 * Checks the engine of the response. Vault names it in each response, OpenBao does not. A response with a lease was
 * issued for this reader.
 *
 * @param options `types`: the engines that may answer; key-value engines if not given. `isLeased`: whether a lease is expected.
 * @throws {ProviderError} `INVALID_REF` if it is another engine.
 */
export function checkEngine(
  { body }: VaultResponse,
  { displayName, displayMount }: KvLocation,
  {
    types = ['kv', 'generic'],
    isLeased = false,
  }: { readonly types?: readonly string[]; readonly isLeased?: boolean } = {},
): void {
  const type = field(body, 'mount_type');
  const lease = field(body, 'lease_id');
  const isExpected = type === undefined || type === '' || types.some((expected) => expected === type);
  if (isExpected && (isLeased || lease === undefined || lease === '')) return;
  const engine = types.includes('kv') ? 'a key-value engine' : `an engine of the kind ${types.join(' or ')}`;
  throw new ProviderError(
    'INVALID_REF',
    `${displayName}: the response does not come from ${engine}; correct the mount ${displayMount}`,
  );
}
