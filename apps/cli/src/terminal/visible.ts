/**
 * C0 and C1 controls and DEL (a terminal obeys them), line and paragraph separators, and the marks that turn the
 * direction of what follows (a reader would be shown other names than there are).
 */
const HIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** The text as it may be sent to a terminal: what would be obeyed or not be seen is written out, as `\u001b`. */
export function visible(text: string): string {
  return text.toWellFormed().replace(HIDDEN, escaped);
}

/** One JSON value in one line; what {@link visible} writes out is escaped in it, so that it means the same. */
export function visibleJson(value: unknown): string {
  return JSON.stringify(value).replace(HIDDEN, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
