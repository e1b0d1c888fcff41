import { describeRef, ProviderError, type SecretRef } from '@vault-swarm/provider';
import { CURRENT_STAGE } from './labels.ts';
import { isVersionId, nameProblem, regionOf } from './secret-id.ts';

/** Which version of which secret a ref asks for. */
export interface SecretLocation {
  /** The name or ARN, as it was given. */
  readonly secretId: string;
  /** That of the ARN; `undefined`: the configured one. */
  readonly region: string | undefined;
  readonly stage: string;
  readonly pin: string | undefined;
  /** The ref as messages name it. */
  readonly displayName: string;
}

/**
 * The place of a ref, which need not come from labels: it is checked again.
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
    // AWS would refuse it as malformed, though all that matters is that there is no such version.
    throw new ProviderError('NOT_FOUND', `${displayName}: there is no such version`);
  }
  return { secretId: name, region: regionOf(name), stage: stage ?? CURRENT_STAGE, pin: ref.pin, displayName };
}

/** A string that is equal for two places exactly if they mean the same secret in the same words. */
export function secretKey({ region, secretId }: Pick<SecretLocation, 'region' | 'secretId'>): string {
  return `${region ?? ''} ${secretId}`;
}
