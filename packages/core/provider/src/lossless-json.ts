/**
 * JSON as a provider answered it: numbers keep their characters (`12345678901234567890`, `1.0`), since a JavaScript
 * number would round them.
 *
 * @see https://github.com/tc39/proposal-json-parse-with-source
 */
export type ExactJson = string | boolean | null | ExactNumber | readonly ExactJson[] | ExactJsonObject;

/** A number's characters. */
export interface ExactNumber {
  readonly rawJSON: string;
}

/** An object of {@link ExactJson}. */
export interface ExactJsonObject {
  readonly [name: string]: ExactJson;
}

/** Parses JSON without rounding its numbers. Throws SyntaxError; its message may quote the text: never show it. */
export function parseExactJson(text: string): ExactJson {
  return JSON.parse(text, (_name, value, context) =>
    typeof value === 'number' && context.source !== undefined ? JSON.rawJSON(context.source) : value,
  ) as ExactJson;
}

/** The JSON text of a parsed value, its numbers as they were. */
export function stringifyExactJson(value: ExactJson): string {
  return JSON.stringify(value);
}

/** Whether it is an object, and neither a list nor a number. */
export function isExactJsonObject(value: ExactJson | undefined): value is ExactJsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value);
}
