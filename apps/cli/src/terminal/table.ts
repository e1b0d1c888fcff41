import { columnsOf, hanging, wrap } from './wrap.ts';

const GAP = '  ';
/** A column is made narrower down to this, and no further. */
const LEAST_COLUMN = 10;

/**
 * Rows below their headings in at most `width` columns. Cells that do not fit go on in the next line; where even that
 * leaves no room, each row becomes a block of lines with the heading before each value.
 */
export function table(headings: readonly string[], rows: readonly (readonly string[])[], width: number): string[] {
  const natural = headings.map((heading, index) =>
    Math.max(...[heading, ...rows.map((row) => row[index] ?? '')].map(columnsOf)),
  );
  const widths = fit(natural, width - GAP.length * (headings.length - 1));
  if (widths === null) return blocks(headings, rows, width);
  return [headings, ...rows].flatMap((row) => lines(row, widths));
}

/** The columns' widths, the widest made narrower until all fit; `null` where that can't be. */
function fit(natural: readonly number[], room: number): readonly number[] | null {
  const widths = [...natural];
  let excess = widths.reduce((sum, width) => sum + width, 0) - room;
  while (excess > 0) {
    const widest = widths.indexOf(Math.max(...widths));
    const width = widths[widest] ?? 0;
    if (width <= LEAST_COLUMN) return null;
    widths[widest] = width - 1;
    excess -= 1;
  }
  return widths;
}

function lines(row: readonly string[], widths: readonly number[]): readonly string[] {
  const cells = widths.map((width, index) => wrap(row[index] ?? '', width));
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
