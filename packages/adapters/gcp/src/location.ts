import { describeRef, ProviderError, type SecretRef } from '@vault-swarm/provider';
import { isNumber, isSecretId, isVersion, LATEST, parseFullName } from './secret-name.ts';

/** The secret and version that a ref names. */
export interface SecretLocation {
  /** The full name, or the id only: then the project is that of the configuration. */
  readonly secret: string;
  /** The location of a regional secret. */
  readonly region: string | undefined;
  /** A number, `latest`, `latest-enabled`, or an alias. */
  readonly version: string;
  /** The ref for messages. */
  readonly displayName: string;
}

/**
 * The location of a ref. It is checked again, because a ref need not come from labels.
 *
 * @throws {ProviderError} `INVALID_REF`; `NOT_FOUND` if the pin can't be a version.
 */
export function locationOf(ref: SecretRef): SecretLocation {
  const { name, version = LATEST } = ref.location;
  const displayName = describeRef(ref);
  if (name === undefined) throw new ProviderError('INVALID_REF', `${displayName}: it names no secret`);
  const full = parseFullName(name);
  if ((full === undefined && !isSecretId(name)) || full?.version !== undefined || !isVersion(version)) {
    throw new ProviderError('INVALID_REF', `${displayName}: it is no name of a secret`);
  }
  if (ref.pin !== undefined && !isNumber(ref.pin)) {
    throw new ProviderError('NOT_FOUND', `${displayName}: there is no such version`);
  }
  return { secret: name, region: full?.region, version: ref.pin ?? version, displayName };
}

/** A key that is equal for two locations only if they name the same version of the same secret. */
export function locationKey({ secret, version }: SecretLocation): string {
  return `${secret}/versions/${version}`;
}
