import { TooMuchJson } from './json-limits.ts';
import {
  isLosslessJsonObject,
  type LosslessJson,
  type LosslessJsonObject,
  parseLosslessJson,
} from './lossless-json.ts';

/**
 * The fields of a secret, or the reason why its text has none, as a continuation of "the secret: …". The reason
 * contains nothing of the text.
 */
export type ParsedFields = { readonly fields: LosslessJsonObject } | { readonly problem: string };

/** The starts of the parser's messages, in the order in which they are tried, and their meaning. */
const REASONS: readonly (readonly [start: RegExp, reason: string])[] = [
  [/^Bad control character/, 'a line break or another control character in a string is not written as \\n or the like'],
  [/^Bad (escaped|Unicode)/, 'a backslash in a string is not followed by a character that JSON knows'],
  [/^(Unterminated string|Unexpected end)/, 'it ends too early'],
  [/^Unexpected non-whitespace character after JSON/, 'there is something after its end'],
  [/^Expected (property name|double-quoted)/, 'a name in double quotes is missing'],
  [/^Expected ',' /, 'a comma or closing bracket is missing'],
  [/^Expected ':' /, 'a colon is missing'],
];

/** Parses text as the fields of a secret: a JSON object, with or without a byte order mark. */
export function parseFields(text: string): ParsedFields {
  try {
    const value = parseLosslessJson(withoutByteOrderMark(text));
    return isLosslessJsonObject(value)
      ? { fields: value }
      : { problem: `it is not a JSON object, but ${kindOf(value)}` };
  } catch (error) {
    if (error instanceof TooMuchJson) return { problem: error.message };
    return { problem: `it is not a JSON object: ${reasonOf(error)}` };
  }
}

/** Removes the byte order mark that some editors write. It has no meaning in text that is parsed. A raw value keeps it. */
export function withoutByteOrderMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

/** The parser's own message may quote the text, which is the secret. So only its start and the position are used. */
function reasonOf(error: unknown): string {
  const message = error instanceof SyntaxError ? error.message : '';
  const reason = REASONS.find(([start]) => start.test(message))?.[1] ?? 'it has text that is not JSON';
  const [, line, column] = / \(line (\d+) column (\d+)\)$/.exec(message) ?? [];
  return line === undefined ? reason : `${reason} (line ${line}, column ${column})`;
}

function kindOf(value: LosslessJson): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a number' : `a ${typeof value}`;
}
