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

/** One version, and whether a read would give it. */
export interface KvVersionState {
  readonly stamp: KvVersionStamp;
  readonly state: 'live' | 'deleted' | 'destroyed';
}

/**
 * What is known of the versions of a secret: of its current one (`undefined`), or one pinned; `null`: there is none,
 * `unsure`: it is just being deleted, so that only a read can tell.
 */
export type KvVersions =
  | {
      readonly kind: 'found';
      readonly version: (pin: string | undefined) => KvVersionState | 'unsure' | null;
      /** How many characters the answer had. */
      readonly length: number;
    }
  | KvAbsence
  | { readonly kind: 'refused' };

/** Of the time in an answer's header. */
const SERVER_TIME_PRECISION_MS = 1_000;
/** How far our clock may be from the server's, where it does not tell its time. */
const CLOCK_SKEW_MS = 5_000;

/**
 * Asks KV v2 for the document about all versions of a secret. It has no value, and some 220 bytes for each version.
 * `nowMs` is the wall-clock time, used where the server does not tell its own.
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
 * Asks KV v2 (of Vault 1.10 and later) for the names of a secret's fields, one request for each of `pins`
 * (`undefined`: the current version). The answer tells of one version what a read would, but its value, and is short
 * however many versions there are. `absent` may also mean that the server does not know this question.
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

/** The marker of a version's state: the same text whichever question told it. */
export function markerOf({ stamp, state }: KvVersionState): string {
  return `${revisionOf(stamp)} ${state}`;
}

/** The server's time lies between these, in milliseconds since 1970. */
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
  // A version can be set to be deleted at some later time; only from then on a read no longer gives it.
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
