import { type LosslessJsonObject, ProviderError } from '@vault-swarm/provider';
import type { Session } from './auth/session.ts';
import { says } from './error-code.ts';
import { field, isResponseObject, wholeNumber } from './http-types.ts';
import { checkEngine, type KvLocation, type KvOutcome, otherwise, readPath } from './kv.ts';
import { kvPath } from './paths.ts';

/** RFC 3339 with nanoseconds has 35 characters. */
const MAX_TIME_LENGTH = 64;
/** Go's zero time: the role has an imported password that was not rotated yet. */
const NEVER = /^0001-/;
/** Fields about the schedule. They change without a rotation, so they are not part of the value. */
const SCHEDULE = /^(ttl|rotation_(period|schedule|window|policy))$/;

/**
 * Reads the credentials of a static role of the database or LDAP engine. A read has no effect on the server.
 *
 * @param type the engine, as the server reports it for the mount.
 * @throws {ProviderError} `NOT_FOUND` if there is no such role; as `vaultErrorOf` otherwise.
 */
export async function readStaticRole(
  session: Session,
  { type, location }: { readonly type: string; readonly location: KvLocation },
  signal: AbortSignal,
): Promise<KvOutcome> {
  const path = kvPath(location).encoded;
  const answer = await readPath(session, location, path, signal);
  if (answer.status === 400 && says(answer, 'unknown role')) {
    throw new ProviderError(
      'NOT_FOUND',
      `${location.displayName}: there is no such role; create it, or correct the path`,
    );
  }
  const data = field(answer.body, 'data');
  const rotatedAt = field(data, 'last_vault_rotation');
  if (answer.status !== 200 || !isResponseObject(data) || typeof rotatedAt !== 'string')
    return otherwise(answer, location);
  checkEngine(answer, location, { types: [type] });
  const fields = Object.entries(data as LosslessJsonObject).filter(([name]) => !SCHEDULE.test(name));
  const ttl = wholeNumber(field(data, 'ttl'));
  return {
    kind: 'found',
    fields: Object.fromEntries(fields),
    rotation: {
      rotatedAt: rotatedAt.length > MAX_TIME_LENGTH || NEVER.test(rotatedAt) ? null : rotatedAt,
      nextInMs: ttl === undefined ? null : Math.max(0, ttl) * 1_000,
    },
  };
}

/** The error for a pinned version of a static role. */
export function versionOfRole({ displayName }: KvLocation): ProviderError {
  return new ProviderError(
    'INVALID_REF',
    `${displayName}: a static role has only its current password; remove the label for the version`,
  );
}
