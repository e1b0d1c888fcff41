import { describeRef, ProviderError, type SecretRef } from '@vault-swarm/provider';
import type { HttpConfig } from './config.ts';
import { expandTemplate } from './path-template.ts';

/** What a ref names at the server. Refs for several fields have the same. */
export interface HttpLocation {
  /** The path with its query, percent-encoded. */
  readonly path: string;
  /** The path that a probe requests. */
  readonly probePath: string;
  /** The ref for messages. */
  readonly displayName: string;
}

/**
 * The location of a ref. Its values are checked again, because a ref need not come from labels.
 *
 * @throws {ProviderError} `INVALID_REF`.
 */
export function locationOf({ path, probe, placeholders }: HttpConfig, ref: SecretRef): HttpLocation {
  const displayName = describeRef(ref);
  if (ref.pin !== undefined) throw new ProviderError('INVALID_REF', `${displayName}: it has no versions to pin`);
  for (const { name, pattern } of placeholders) {
    const value = ref.location[name];
    if (value === undefined || !pattern.test(value))
      throw new ProviderError('INVALID_REF', `${displayName}: it has no allowed value for the placeholder ${name}`);
  }
  const read = expandTemplate(path, ref.location, displayName);
  return {
    path: read,
    probePath: probe.kind === 'path' ? expandTemplate(probe.path, ref.location, displayName) : read,
    displayName,
  };
}
