import { quoted } from '@vault-swarm/kernel';
import { ProviderError } from '@vault-swarm/provider';

/** A path, and perhaps a query, with placeholders: `/v1/{vault}/items?name={name}`. */
export interface PathTemplate {
  readonly text: string;
  /** The names of its placeholders, each once. */
  readonly names: readonly string[];
}

/** `{name}`, or `{+name}`, which keeps slashes. */
const PLACEHOLDER = /\{(\+?)([^{}]*)\}/g;
const NAME = /^[a-z][a-z0-9_]*$/;

/** Why a text is no template, as a continuation of the text; `null` if it is one. */
export function templateProblem(text: string): string | null {
  const rest = text.replace(PLACEHOLDER, '');
  if (!text.startsWith('/')) return 'must start with "/", such as /v1/secrets/{name}';
  if (/[{}]/.test(rest)) return 'has a brace that belongs to no placeholder such as {name}';
  if (!/^[\x21-\x7e]*$/.test(rest) || rest.includes('#'))
    return 'must be of visible ASCII characters without "#"; write others percent-encoded';
  if (hasDotSegment(text)) return 'must not have "." or ".." as a part of the path';
  const wrong = [...text.matchAll(PLACEHOLDER)].map(([, , name = '']) => name).find((name) => !NAME.test(name));
  return wrong === undefined ? null : `has the placeholder ${quoted(wrong)}, whose name must have only a–z, 0–9 and _`;
}

/** Parses a text without a {@link templateProblem}. */
export function parseTemplate(text: string): PathTemplate {
  return { text, names: [...new Set([...text.matchAll(PLACEHOLDER)].map(([, , name = '']) => name))] };
}

/**
 * Fills the placeholders, percent-encoded, so that a value can't leave its place.
 *
 * @param subject for messages.
 * @throws {ProviderError} `INVALID_REF` if a value is missing, or would be a `.` or `..` in the path.
 */
export function expandTemplate(
  { text }: PathTemplate,
  values: Readonly<Record<string, string>>,
  subject: string,
): string {
  const path = text.replace(PLACEHOLDER, (_, plus: string, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined || !value.isWellFormed())
      throw new ProviderError('INVALID_REF', `${subject}: it has no usable value for the placeholder ${name}`);
    const encoded = encodeURIComponent(value);
    return plus === '' ? encoded : encoded.replaceAll('%2F', '/');
  });
  if (!hasDotSegment(path)) return path;
  throw new ProviderError('INVALID_REF', `${subject}: "." and ".." are not allowed as a part of the path`);
}

/** Servers, and URL itself, would take these as another directory. */
function hasDotSegment(text: string): boolean {
  const [path = ''] = text.split('?', 1);
  return path.split('/').some((segment) => /^(\.|%2e){1,2}$/i.test(segment));
}
