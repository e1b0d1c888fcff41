import stringWidth from 'string-width';
import wrapAnsi from 'wrap-ansi';

/** How many columns a terminal gives to the text. */
export function columnsOf(text: string): number {
  return stringWidth(text);
}

/** The space between a number and its unit, where no line is broken. */
const BEFORE_UNIT = /(?<=\d) (?=(?:ms|s|min|h|d|B|KiB|MiB|GiB)\b)/g;
const NO_BREAK = '\u00a0';

/**
 * Lines of at most `width` columns, broken at spaces, and not between a number and its unit. A word that is longer is
 * broken where the line ends. At least one line. `width` is at least 2, which is what one wide character takes.
 */
export function wrap(text: string, width: number): readonly string[] {
  const lines = wrapAnsi(text.replaceAll(BEFORE_UNIT, NO_BREAK), width, { hard: true });
  return lines.replaceAll(NO_BREAK, ' ').split('\n');
}

/**
 * The text in lines of at most `width` columns, of which the first starts with `first`, and the others go on below it.
 * Where `first` is longer than half a line, the text starts in the next one. `width` is at least 8.
 */
export function hanging(first: string, text: string, width: number): readonly string[] {
  const indent = columnsOf(first);
  if (indent > width / 2) {
    return [...wrap(first.trimEnd(), width), ...wrap(text, width - 4).map((line) => `    ${line}`)];
  }
  return wrap(text, width - indent).map((line, index) => `${index === 0 ? first : ' '.repeat(indent)}${line}`);
}

/** The text with each word that is longer than `width` columns cut, and an ellipsis at its end. */
export function cutWords(text: string, width: number): string {
  if (text.split(' ').every((word) => columnsOf(word) <= width)) return text;
  return text
    .split(' ')
    .map((word) => (columnsOf(word) <= width ? word : `${wrap(word, width - 1)[0] ?? ''}…`))
    .join(' ');
}
