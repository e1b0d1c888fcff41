const ID = '[A-Za-z0-9_-]{1,255}';
/** An id (`my-project`), a number, or an older id with a domain (`example.com:my-project`). */
const PROJECT = '[a-z0-9][a-z0-9.:-]{0,127}';
const SHORT = new RegExp(`^${ID}$`);
const FULL = new RegExp(
  `^(projects/${PROJECT}(?:/locations/([a-z0-9-]{1,63}))?/secrets/${ID})(?:/versions/([^/]{1,63}))?$`,
);
const NUMBER = /^[1-9]\d{0,17}$/;
const ALIAS = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/;

/** The version of a secret that is followed by default: the one that was added last. */
export const LATEST = 'latest';
/** Our own word for the version that was added last of those that are enabled. */
export const LATEST_ENABLED = 'latest-enabled';

/** A full name in its parts. */
export interface FullName {
  /** Without the version: `projects/p/secrets/db`. */
  readonly secret: string;
  /** The location of a regional secret. */
  readonly region: string | undefined;
  readonly version: string | undefined;
}

/** The parts of a full name; `undefined` if it is none. */
export function parseFullName(text: string): FullName | undefined {
  const [, secret, region, version] = FULL.exec(text) ?? [];
  return secret === undefined ? undefined : { secret, region, version };
}

/** Whether a text can be the id of a secret, without its project. */
export function isSecretId(text: string): boolean {
  return SHORT.test(text);
}

/** Whether a text can be the id or number of a project. */
export function isProject(text: string): boolean {
  return new RegExp(`^${PROJECT}$`).test(text);
}

/** Whether a text is the number of a version. */
export function isNumber(text: string): boolean {
  return NUMBER.test(text);
}

/** Whether a text can name a version: a number, `latest`, `latest-enabled`, or an alias. */
export function isVersion(text: string): boolean {
  return isNumber(text) || ALIAS.test(text);
}

/** The number at the end of a version's name: `projects/1/secrets/db/versions/5`. */
export function numberOf(name: string | undefined): string | undefined {
  const number = parseFullName(name ?? '')?.version;
  return number !== undefined && isNumber(number) ? number : undefined;
}

/**
 * The id of a secret without a name label, from `SERVICE/SECRET`: `SERVICE-SECRET`, with each character that Google
 * does not allow replaced by a hyphen.
 */
export function defaultId(path: string): string {
  return path.replace(/[^A-Za-z0-9_-]/g, '-');
}
