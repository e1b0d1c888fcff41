import { describeRef, ProviderError, type SecretRef } from '@vault-swarm/provider';
import { CURRENT_STAGE } from './labels.ts';
import { isVersionId, nameProblem, regionOf } from './secret-id.ts';

/** The secret and version that a ref names. */
export interface SecretLocation {
  /** The name or ARN as given. */
  readonly secretId: string;
  /** The region of the ARN; `undefined`: the configured one. */
  readonly region: string | undefined;
  readonly stage: string;
  readonly pin: string | undefined;
  /** The ref for messages. */
  readonly displayName: string;
}

/**
 * The location of a ref. It is checked again, because a ref need not come from labels.
 * @throws {ProviderError} `INVALID_REF`.
 */
export function locationOf(ref: SecretRef): SecretLocation {
  const { name, stage } = ref.location;
  const displayName = describeRef(ref);
  if (name === undefined) throw new ProviderError('INVALID_REF', `${displayName}: it names no secret`);
  const problem = nameProblem(name);
  if (problem !== null) throw new ProviderError('INVALID_REF', `${displayName}: its name ${problem}`);
  if (ref.pin !== undefined && stage !== undefined) {
    throw new ProviderError('INVALID_REF', `${displayName}: it has a version and a staging label; remove one`);
  }
  if (ref.pin !== undefined && !isVersionId(ref.pin)) {
    // AWS would reject it as malformed. For the caller, the version does not exist.
    throw new ProviderError('NOT_FOUND', `${displayName}: there is no such version`);
  }
  return { secretId: name, region: regionOf(name), stage: stage ?? CURRENT_STAGE, pin: ref.pin, displayName };
}

/** A key that is equal for two locations only if they name the same secret with the same text. */
export function secretKey({ region, secretId }: Pick<SecretLocation, 'region' | 'secretId'>): string {
  return `${region ?? ''} ${secretId}`;
}
