/** The location of a secret in Vault, below the mount. */
export interface SecretLocation {
  readonly path: string;
  readonly field: string;
}

/** The label template of our own plugin. */
export const OWN_LABELS = '{"vault_path":"{path}","vault_field":"{field}"}';

/** Returns the labels of a secret by its location. */
export type LabelTemplate = (location: SecretLocation) => Readonly<Record<string, string>>;

/**
 * Parses a JSON object of strings, in which `{path}` and `{field}` are replaced by those of a secret.
 *
 * @throws for any other text; the message says what it must be.
 */
export function parseLabelTemplate(text: string): LabelTemplate {
  const labels = parse(text);
  if (typeof labels !== 'object' || labels === null || Array.isArray(labels)) throw wrong(text);
  const entries = Object.entries(labels).map(([name, value]): [string, string] => {
    if (typeof value !== 'string') throw wrong(text);
    return [name, value];
  });
  return (location) =>
    Object.fromEntries(
      entries.map(([name, value]) => [
        name,
        value.replaceAll(/\{(path|field)\}/g, (_, part: keyof SecretLocation) => location[part]),
      ]),
    );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw wrong(text);
  }
}

function wrong(text: string): Error {
  return new Error(`PEER_LABELS=${text}: it must be a JSON object of strings, such as ${OWN_LABELS}`);
}
