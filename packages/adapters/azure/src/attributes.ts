import { fieldAt } from '@vault-swarm/rest-client';

/** The attributes of a version. Azure's times are whole seconds; here they are milliseconds since 1970. */
export interface Attributes {
  readonly isEnabled: boolean;
  readonly createdAtMs: number | undefined;
  readonly updatedAtMs: number | undefined;
  /** Before this time it is not valid yet. */
  readonly validFromMs: number | undefined;
  readonly expiresAtMs: number | undefined;
}

/** Whether a version is valid at a time. Azure itself returns its value in any case. */
export type Validity = 'valid' | 'not-yet-valid' | 'expired';

/** The attributes in a response. Missing ones are `undefined`. */
export function parseAttributes(attributes: unknown): Attributes {
  const timeMs = (name: string) => {
    const seconds = fieldAt(attributes, name);
    return typeof seconds === 'number' && Number.isSafeInteger(seconds * 1000) ? seconds * 1000 : undefined;
  };
  return {
    isEnabled: fieldAt(attributes, 'enabled') !== false,
    createdAtMs: timeMs('created'),
    updatedAtMs: timeMs('updated'),
    validFromMs: timeMs('nbf'),
    expiresAtMs: timeMs('exp'),
  };
}

/** The validity at this time of the server. */
export function validityAt({ validFromMs, expiresAtMs }: Attributes, nowMs: number): Validity {
  if (validFromMs !== undefined && nowMs < validFromMs) return 'not-yet-valid';
  return expiresAtMs !== undefined && nowMs >= expiresAtMs ? 'expired' : 'valid';
}
