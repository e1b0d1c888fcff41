/** The longest that one text from outside may be where it is shown, in UTF-16 code units, the mark of a cut included. */
export const MAX_TEXT = 200;

/** The longest that a list of names from outside may be where it is shown. */
export const MAX_NAMES = 500;

/** The longest that a whole message may be, however many texts are in it. */
export const MAX_MESSAGE = 1_500;

/** One name may take so much of a list, so that a long one does not hide the others. */
const MAX_LISTED_NAME = 80;

/**
 * Characters that a reader does not see or a terminal obeys: controls, format characters (zero-width ones, those that turn
 * the reading direction), halves of surrogate pairs, line and paragraph separators, and every space but the ordinary one.
 */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;

const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/**
 * Text from outside (a label, a name, a provider's or the orchestrator's words, a path, a header) as it may be in a
 * message, an event, a log line, a metric or an answer: at most {@link MAX_TEXT} code units long, with a mark where it was cut;
 * hidden characters and the white space at its ends are written as escapes (`\n`, `\u200b`, `\u0020`). Done twice it changes
 * nothing more. For showing only: two texts that differ may look the same afterwards, so it is no key.
 */
export function displayText(text: string): string {
  return shortened(text, MAX_TEXT);
}

/** {@link displayText} in quotes. */
export function quoted(text: string): string {
  return `"${displayText(text)}"`;
}

/** Names from outside as a list with commas, at most {@link MAX_NAMES} long; says how many more there are. */
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

/** A whole message: as {@link displayText}, but up to {@link MAX_MESSAGE} long. Each text in it must be cut before. */
export function displayMessage(message: string): string {
  return shortened(message, MAX_MESSAGE);
}

/** What an error says, as {@link displayMessage}. Of what is no error, only the kind. */
export function errorMessage(error: unknown): string {
  if (error instanceof Error) return displayMessage(error.message || error.name);
  return typeof error === 'string' ? displayMessage(error) : `no error, but ${typeof error}`;
}

function shortened(text: string, max: number): string {
  if (text.length <= max && !HIDDEN.test(text) && !isSpace(text.at(0)) && !isSpace(text.at(-1))) return text;
  // What is checked does not grow with the text.
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

/** Each character as it is shown. @param goesOn whether more follows, so that the end is not that of the text. */
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
