import { describeRef, ProviderError, type SecretRef } from '@vault-swarm/provider';
import { isVersionId, nameProblem } from './secret-name.ts';

/** The secret and version that a ref names. */
export interface SecretLocation {
  readonly name: string;
  /** `undefined`: the current version. */
  readonly version: string | undefined;
  /** The ref for messages. */
  readonly displayName: string;
}

/**
 * The location of a ref. It is checked again, because a ref need not come from labels.
 *
 * @throws {ProviderError} `INVALID_REF`; `NOT_FOUND` if the pin can't be a version.
 */
export function locationOf(ref: SecretRef): SecretLocation {
  const { name } = ref.location;
  const displayName = describeRef(ref);
  if (name === undefined) throw new ProviderError('INVALID_REF', `${displayName}: it names no secret`);
  const problem = nameProblem(name);
  if (problem !== null) throw new ProviderError('INVALID_REF', `${displayName}: its name ${problem}`);
  return { name, version: checkedVersion(ref.pin, displayName), displayName };
}

/** @throws {ProviderError} `NOT_FOUND`. Azure would reject the text as malformed. For the caller, the version does not exist. */
export function checkedVersion(version: string | undefined, displayName: string): string | undefined {
  if (version === undefined || isVersionId(version)) return version;
  throw new ProviderError('NOT_FOUND', `${displayName}: there is no such version`);
}
