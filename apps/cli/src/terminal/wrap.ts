import stringWidth from 'string-width';

/** How many columns a terminal gives to the text. */
export function columnsOf(text: string): number {
  return stringWidth(text);
}

/**
 * Lines of at most `width` columns, broken at spaces; a word that is longer is broken where the line ends. At least one
 * line. `width` is at least 2, which is what one wide character takes.
 */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((whole) => pieces(whole, width))) {
    const joined = line === '' ? word : `${line} ${word}`;
    if (line !== '' && columnsOf(joined) > width) {
      lines.push(line);
      line = word;
    } else {
      line = joined;
    }
  }
  return [...lines, line];
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
    .map((word) => (columnsOf(word) <= width ? word : `${pieces(word, width - 1)[0] ?? ''}…`))
    .join(' ');
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

function pieces(word: string, width: number): readonly string[] {
  if (columnsOf(word) <= width) return [word];
  const found: string[] = [];
  let piece = '';
  for (const { segment } of graphemes.segment(word)) {
    if (columnsOf(piece + segment) > width) {
      found.push(piece);
      piece = '';
    }
    piece += segment;
  }
  return [...found, piece];
}
