import { TooMuchJson } from './json-limits.ts';
import {
  isLosslessJsonObject,
  type LosslessJson,
  type LosslessJsonObject,
  parseLosslessJson,
} from './lossless-json.ts';

/** The fields of a secret, or why its text has none, as a continuation of "the secret: …". Nothing of the text is in it. */
export type ParsedFields = { readonly fields: LosslessJsonObject } | { readonly problem: string };

/** What the parser's messages start with, in the order in which they are looked up, and what that means. */
const REASONS: readonly (readonly [start: RegExp, reason: string])[] = [
  [/^Bad control character/, 'a line break or another control character in a string is not written as \\n or the like'],
  [/^Bad (escaped|Unicode)/, 'a backslash in a string is not followed by a character that JSON knows'],
  [/^(Unterminated string|Unexpected end)/, 'it ends too early'],
  [/^Unexpected non-whitespace character after JSON/, 'there is something after its end'],
  [/^Expected (property name|double-quoted)/, 'a name in double quotes is missing'],
  [/^Expected ',' /, 'a comma or closing bracket is missing'],
  [/^Expected ':' /, 'a colon is missing'],
];

/** Reads text as the fields of a secret: a JSON object, with a byte order mark before it or without. */
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

/** Text without the mark that some editors put before it. Where text is parsed it means nothing; a value keeps it. */
export function withoutByteOrderMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

/** The parser's own message may quote the text, which is the secret. Only its start and the place are checked. */
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
