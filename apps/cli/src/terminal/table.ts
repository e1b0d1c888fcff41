import { columnsOf, cutWords, hanging, wrap } from './wrap.ts';

const GAP = '  ';
/** A column is made narrower down to this, and no further. */
const LEAST_COLUMN = 10;

/** The first column has the names. It is not made narrower than its longest name, up to this. */
const MAX_NAME = 40;

/**
 * Rows below their headings in at most `width` columns. Cells that do not fit continue in the next line, and a word that
 * does not fit is cut. If that leaves no room, each row becomes a block of lines with the heading before each value.
 */
export function table(headings: readonly string[], rows: readonly (readonly string[])[], width: number): string[] {
  const natural = headings.map((heading, index) =>
    Math.max(...[heading, ...rows.map((row) => row[index] ?? '')].map(columnsOf)),
  );
  const least = natural.map((column, index) => (index === 0 ? Math.min(column, MAX_NAME) : LEAST_COLUMN));
  const widths = fit(natural, least, width - GAP.length * (headings.length - 1));
  if (widths === null) return blocks(headings, rows, width);
  return [headings, ...rows].flatMap((row) => lines(row, widths));
}

/** The columns' widths, the widest made narrower until all fit; `null` if they can't. */
function fit(natural: readonly number[], least: readonly number[], room: number): readonly number[] | null {
  const widths = [...natural];
  let excess = widths.reduce((sum, width) => sum + width, 0) - room;
  while (excess > 0) {
    const spare = widths.map((width, index) => (width > (least[index] ?? 0) ? width : 0));
    const widest = spare.indexOf(Math.max(...spare));
    const width = spare[widest] ?? 0;
    if (width === 0) return null;
    widths[widest] = width - 1;
    excess -= 1;
  }
  return widths;
}

function lines(row: readonly string[], widths: readonly number[]): readonly string[] {
  const cells = widths.map((width, index) => wrap(cutWords(row[index] ?? '', width), width));
  const height = Math.max(...cells.map((cell) => cell.length));
  return Array.from({ length: height }, (_, line) =>
    cells
      .map((cell, index) => pad(cell[line] ?? '', widths[index] ?? 0))
      .join(GAP)
      .trimEnd(),
  );
}

function blocks(headings: readonly string[], rows: readonly (readonly string[])[], width: number): string[] {
  const label = Math.max(...headings.map(columnsOf)) + GAP.length;
  return rows.flatMap((row, number) => [
    ...(number === 0 ? [] : ['']),
    ...headings.flatMap((heading, index) =>
      row[index] === '' ? [] : hanging(pad(heading, label), row[index] ?? '', width),
    ),
  ]);
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - columnsOf(text)));
}
