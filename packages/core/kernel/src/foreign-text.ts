/** The maximum length of one displayed text from outside, in UTF-16 code units, with the mark of a cut. */
export const MAX_TEXT = 200;

/** The maximum length of a displayed list of names from outside. */
export const MAX_NAMES = 500;

/** The maximum length of a whole message, with all texts in it. */
export const MAX_MESSAGE = 1_500;

/** The maximum length of one name in a list. A longer name would hide the others. */
const MAX_LISTED_NAME = 80;

/**
 * Characters that a reader does not see or that a terminal obeys. These are controls, format characters (zero width,
 * reading direction), lone surrogates, line and paragraph separators, and every space except the ordinary one.
 */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;

const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/**
 * Makes text from outside safe for a message, an event, a log line, a metric or a response. Such text is a label, a
 * name, a path, a header, or a message of a provider or the orchestrator.
 *
 * The result has at most {@link MAX_TEXT} code units, with a mark if it was cut. Hidden characters, and spaces at the
 * start and the end, become escapes (`\n`, `\u200b`, `\u0020`). A second call changes nothing more. Use it only for
 * display, never as a key: two different texts may have the same result.
 */
export function displayText(text: string): string {
  return shortened(text, MAX_TEXT);
}

/** {@link displayText} in quotes. */
export function quoted(text: string): string {
  return `"${displayText(text)}"`;
}

/** A comma-separated list of names from outside, at most {@link MAX_NAMES} long. It says how many names are missing. */
export function displayNames(names: readonly string[]): string {
  const [only] = names;
  if (names.length === 1 && only !== undefined) return displayText(only);
  let list = '';
  for (const [index, name] of names.entries()) {
    const next = `${index === 0 ? '' : ', '}${shortened(name, MAX_LISTED_NAME)}`;
    const more = ` and ${names.length - index} more`;
    if (list.length + next.length + more.length > MAX_NAMES) return list + more;
    list += next;
  }
  return list;
}

/** Limits a whole message, as {@link displayText} but up to {@link MAX_MESSAGE}. Limit each text in it first. */
export function displayMessage(message: string): string {
  return shortened(message, MAX_MESSAGE);
}

/** The message of an error, as {@link displayMessage}. For a value that is no error and no string: only its type. */
export function errorMessage(error: unknown): string {
  if (error instanceof Error) return displayMessage(error.message || error.name);
  return typeof error === 'string' ? displayMessage(error) : `no error, but ${typeof error}`;
}

function shortened(text: string, max: number): string {
  if (text.length <= max && !HIDDEN.test(text) && !isSpace(text.at(0)) && !isSpace(text.at(-1))) return text;
  // Only the start is checked, so that the cost does not grow with the length of the text.
  const pieces = escaped(text.slice(0, max + 1), text.length > max);
  const whole = pieces.join('');
  if (text.length <= max && whole.length <= max) return whole;
  const mark = `… (${text.length} characters)`;
  let shown = '';
  for (const piece of pieces) {
    if (shown.length + piece.length + mark.length > max) break;
    shown += piece;
  }
  return shown + mark;
}

/** Each character as it is displayed. @param goesOn whether the text continues after these characters. */
function escaped(text: string, goesOn: boolean): readonly string[] {
  const characters = [...text];
  const first = characters.findIndex((character) => character !== ' ');
  const last = goesOn ? characters.length : characters.findLastIndex((character) => character !== ' ');
  return characters.map((character, index) => {
    const isAtAnEnd = first === -1 || index < first || index > last;
    return HIDDEN.test(character) || (isAtAnEnd && character === ' ') ? written(character) : character;
  });
}

function written(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return SHORT_ESCAPES[character] ?? (code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`);
}

function isSpace(character: string | undefined): boolean {
  return character === ' ';
}
