/** An ARN of a secret, whole, or without the six characters that AWS adds to the name. */
const ARN = /^arn:aws[a-z-]*:secretsmanager:([a-z0-9-]+):\d{12}:secret:([A-Za-z0-9/_+=.@-][A-Za-z0-9/_+=.@!-]{0,518})$/;
/** The names of secrets that other services of AWS manage have a "!": `rds!cluster-…`. */
const NAME = /^[A-Za-z0-9/_+=.@-][A-Za-z0-9/_+=.@!-]{0,511}$/;
/** AWS ends the ARN of each secret so, which tells one that was deleted from its successor of the same name. */
const SUFFIX = /-[A-Za-z0-9]{6}$/;

/** Why a text names no secret; `null` where it does. */
export function nameProblem(text: string): string | null {
  if (text.startsWith('arn:')) {
    return ARN.test(text)
      ? null
      : 'must be an ARN such as arn:aws:secretsmanager:eu-west-1:123456789012:secret:app/db-AbCdEf';
  }
  return NAME.test(text) ? null : 'must be a name of up to 512 letters, digits and /_+=.@!-, or an ARN';
}

/** Whether a text can be the id of a version. AWS limits its length alone. */
export function isVersionId(text: string): boolean {
  return /^\P{Cc}{32,64}$/u.test(text);
}

/** Whether a text can be a staging label. AWS limits its length alone. */
export function isStage(text: string): boolean {
  return /^\P{Cc}{1,256}$/u.test(text);
}

/** The region that an ARN names; `undefined` for a plain name. */
export function regionOf(secretId: string): string | undefined {
  return ARN.exec(secretId)?.[1];
}

/** What the names of the secrets start with that a name or an ARN can mean. */
export function namePrefixOf(secretId: string): string {
  const inArn = ARN.exec(secretId)?.[2];
  return inArn === undefined ? secretId : inArn.replace(SUFFIX, '');
}

/** All by which a secret can be asked for: its name, its ARN, and its ARN without what AWS added. */
export function idsOf(secret: { readonly arn: string; readonly name: string }): readonly string[] {
  return [secret.name, secret.arn, secret.arn.replace(SUFFIX, '')];
}

/** What AWS added to the name. */
export function suffixOf(arn: string): string {
  return SUFFIX.exec(arn)?.[0].slice(1) ?? '';
}
