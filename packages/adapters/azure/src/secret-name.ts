const MAX_NAME_LENGTH = 127;
const NAME = /^[0-9A-Za-z-]{1,127}$/;
const VERSION = /^[0-9a-f]{32}$/;

/** Why a text can't name a secret; `null` if it can. */
export function nameProblem(text: string): string | null {
  return NAME.test(text) ? null : `must be a name of up to ${MAX_NAME_LENGTH} letters, digits and hyphens`;
}

/** Whether a text can be a version's id. */
export function isVersionId(text: string): boolean {
  return VERSION.test(text);
}

/**
 * The name of a secret without a name label, from `SERVICE/SECRET`: `SERVICE-SECRET`, with each run of other characters
 * replaced by one hyphen, and none at the ends, as in swarm-external-secrets.
 */
export function defaultName(path: string): string {
  return path.replace(/[^0-9A-Za-z]+/g, '-').replace(/^-|-$/g, '');
}

/** The version's id at the end of a secret's identifier: `https://…/secrets/NAME/VERSION`. */
export function versionIdOf(id: string | undefined): string | undefined {
  const version = /\/secrets\/[^/]+\/([^/]+)$/.exec(id ?? '')?.[1];
  return version !== undefined && isVersionId(version) ? version : undefined;
}

/** The name in a secret's identifier: `https://…/secrets/NAME`. */
export function nameOf(id: string): string | undefined {
  return /\/secrets\/([^/]+)(\/|$)/.exec(id)?.[1];
}
