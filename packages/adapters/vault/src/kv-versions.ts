import type { Session } from './auth/session.ts';
import { field, isResponseObject, type ResponseObject, type VaultResponse, wholeNumber } from './http-types.ts';
import {
  createdTimeOf,
  type KvAbsence,
  type KvLocation,
  type KvVersionStamp,
  otherwise,
  revisionOf,
  stampOf,
} from './kv.ts';
import { kvPath } from './paths.ts';

/** One version, and whether a read would return it. */
export interface KvVersionState {
  readonly stamp: KvVersionStamp;
  readonly state: 'live' | 'deleted' | 'destroyed';
}

/**
 * What is known of a secret's versions: the current one (`undefined`), or pinned ones. `null`: it does not exist;
 * `unsure`: it is being deleted, so that only a read shows its state.
 */
export type KvVersions =
  | {
      readonly kind: 'found';
      readonly version: (pin: string | undefined) => KvVersionState | 'unsure' | null;
      /** The length of the response in characters. */
      readonly length: number;
    }
  | KvAbsence
  | { readonly kind: 'refused' };

/** The precision of the time in a response's header. */
const SERVER_TIME_PRECISION_MS = 1_000;
/** The largest difference between our clock and the server's, if it does not report its time. */
const CLOCK_SKEW_MS = 5_000;

/**
 * Reads KV v2's metadata of all versions of a secret. It has no value, and about 220 bytes for each version.
 * `nowMs` is the wall-clock time, used if the server does not report its own.
 *
 * @throws {ProviderError} as `vaultErrorOf`.
 */
export async function readMetadata(
  session: Session,
  location: KvLocation,
  nowMs: number,
  signal: AbortSignal,
): Promise<KvVersions> {
  const path = kvPath(location, 'metadata').encoded;
  const answer = await session.request({ operation: 'probe', method: 'GET', path, signal });
  const data = field(answer.body, 'data');
  const versions = field(data, 'versions');
  if (answer.status !== 200 || !isResponseObject(versions)) return otherwise(answer, location);
  const current = `${wholeNumber(field(data, 'current_version')) ?? 0}`;
  const time = timeOf(answer, nowMs);
  return { kind: 'found', version: (pin) => listedVersion(versions, pin ?? current, time), length: answer.bodyLength };
}

/**
 * Reads the names of a secret's fields from KV v2 (Vault 1.10 and later), one request for each of `pins` (`undefined`:
 * the current version). The response describes one version without its value, and is short even if there are many
 * versions. `absent` may also mean that the server does not know this request.
 *
 * @throws {ProviderError} as `vaultErrorOf`.
 */
export async function readSubkeys(
  session: Session,
  location: KvLocation,
  pins: readonly (string | undefined)[],
  signal: AbortSignal,
): Promise<KvVersions> {
  const path = `${kvPath(location, 'subkeys').encoded}?depth=1`;
  const found = new Map<string | undefined, KvVersionState>();
  let length = 0;
  let absent: KvVersions | undefined;
  for (const pin of pins) {
    const query = pin === undefined ? '' : `&version=${encodeURIComponent(pin)}`;
    const answer = await session.request({ operation: 'probe', method: 'GET', path: `${path}${query}`, signal });
    length += answer.bodyLength;
    const version = answeredVersion(answer);
    if (version !== null) found.set(pin, version);
    else absent = otherwise(answer, location);
    if (absent?.kind === 'refused') return absent;
  }
  if (absent !== undefined && found.size === 0) return absent;
  return { kind: 'found', version: (pin) => found.get(pin) ?? null, length };
}

/** The marker of a version's state: the same text for each kind of request. */
export function markerOf({ stamp, state }: KvVersionState): string {
  return `${revisionOf(stamp)} ${state}`;
}

/** The server's time is between these, in milliseconds since 1970. */
interface Between {
  readonly earliestMs: number;
  readonly latestMs: number;
}

function timeOf({ serverTimeMs }: VaultResponse, nowMs: number): Between {
  if (serverTimeMs === undefined) return { earliestMs: nowMs - CLOCK_SKEW_MS, latestMs: nowMs + CLOCK_SKEW_MS };
  return { earliestMs: serverTimeMs, latestMs: serverTimeMs + SERVER_TIME_PRECISION_MS };
}

function listedVersion(versions: ResponseObject, number: string, time: Between): KvVersionState | 'unsure' | null {
  const version = field(versions, number);
  const createdTime = createdTimeOf(version);
  if (createdTime === undefined) return null;
  const stamp = { number: Number(number), createdTime };
  if (field(version, 'destroyed') === true) return { stamp, state: 'destroyed' };
  const deletionTime = field(version, 'deletion_time');
  // A version can have a deletion time in the future; a read returns it until then.
  const deletedAtMs = typeof deletionTime === 'string' ? Date.parse(deletionTime) : Number.NaN;
  if (deletedAtMs <= time.earliestMs) return { stamp, state: 'deleted' };
  return deletedAtMs <= time.latestMs ? 'unsure' : { stamp, state: 'live' };
}

function answeredVersion({ status, body }: VaultResponse): KvVersionState | null {
  const metadata = field(field(body, 'data'), 'metadata');
  const stamp = stampOf(metadata);
  if (stamp === undefined || (status !== 200 && status !== 404)) return null;
  const deleted = status === 404 ? 'deleted' : 'live';
  return { stamp, state: field(metadata, 'destroyed') === true ? 'destroyed' : deleted };
}
