import { limitJson } from './json-limits.ts';

/**
 * JSON of a provider. Numbers keep their characters (`12345678901234567890`, `1.0`), because a JavaScript number would
 * round them.
 *
 * @see https://github.com/tc39/proposal-json-parse-with-source
 */
export type LosslessJson = string | boolean | null | LosslessNumber | readonly LosslessJson[] | LosslessJsonObject;

/** A number's characters. */
export interface LosslessNumber {
  readonly rawJSON: string;
}

/** An object of {@link LosslessJson}. */
export interface LosslessJsonObject {
  readonly [name: string]: LosslessJson;
}

/**
 * Parses JSON without rounding its numbers.
 *
 * @throws {TooMuchJson} if it exceeds the provider limits of `limitJson`; else SyntaxError. Never show its message,
 * because it may quote the text.
 */
export function parseLosslessJson(text: string): LosslessJson {
  limitJson(text);
  return JSON.parse(text, (_name, value, context) =>
    typeof value === 'number' && context.source !== undefined ? JSON.rawJSON(context.source) : value,
  ) as LosslessJson;
}

/** The JSON text of a parsed value, with unchanged numbers. */
export function stringifyLosslessJson(value: LosslessJson): string {
  return JSON.stringify(value);
}

/** Whether it is an object, not a list and not a number. */
export function isLosslessJsonObject(value: LosslessJson | undefined): value is LosslessJsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value);
}
