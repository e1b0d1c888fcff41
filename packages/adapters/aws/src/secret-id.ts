/** An ARN of a secret, complete or without the six characters that AWS adds to the name. */
const ARN = /^arn:aws[a-z-]*:secretsmanager:([a-z0-9-]+):\d{12}:secret:([A-Za-z0-9/_+=.@-][A-Za-z0-9/_+=.@!-]{0,518})$/;
/** Names of secrets that other AWS services manage contain a "!": `rds!cluster-…`. */
const NAME = /^[A-Za-z0-9/_+=.@-][A-Za-z0-9/_+=.@!-]{0,511}$/;
/** AWS ends each ARN with this suffix. It distinguishes a deleted secret from its successor of the same name. */
const SUFFIX = /-[A-Za-z0-9]{6}$/;

/** Why a text can't name a secret; `null` if it can. */
export function nameProblem(text: string): string | null {
  if (text.startsWith('arn:')) {
    return ARN.test(text)
      ? null
      : 'must be an ARN such as arn:aws:secretsmanager:eu-west-1:123456789012:secret:app/db-AbCdEf';
  }
  return NAME.test(text) ? null : 'must be a name of up to 512 letters, digits and /_+=.@!-, or an ARN';
}

/** Whether a text can be a version id. AWS limits only its length. */
export function isVersionId(text: string): boolean {
  return /^\P{Cc}{32,64}$/u.test(text);
}

/** Whether a text can be a staging label. AWS limits only its length. */
export function isStage(text: string): boolean {
  return /^\P{Cc}{1,256}$/u.test(text);
}

/** The region of an ARN; `undefined` for a name. */
export function regionOf(secretId: string): string | undefined {
  return ARN.exec(secretId)?.[1];
}

/** The prefix of all secret names that a name or ARN can mean. */
export function namePrefixOf(secretId: string): string {
  const inArn = ARN.exec(secretId)?.[2];
  return inArn === undefined ? secretId : inArn.replace(SUFFIX, '');
}

/** All texts that identify a secret: its name, its ARN, and its ARN without the suffix. */
export function idsOf(secret: { readonly arn: string; readonly name: string }): readonly string[] {
  return [secret.name, secret.arn, secret.arn.replace(SUFFIX, '')];
}

/** The suffix that AWS added to the name. */
export function suffixOf(arn: string): string {
  return SUFFIX.exec(arn)?.[0].slice(1) ?? '';
}
