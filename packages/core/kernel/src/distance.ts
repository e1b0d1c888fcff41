/** Names whose lengths differ by more are not alike. */
const MAX_COMPARED = 10;

/**
 * How many letters must be put in, left out, replaced or swapped with their neighbour to get from `a` to `b`.
 * @see https://en.wikipedia.org/wiki/Damerau%E2%80%93Levenshtein_distance (optimal string alignment)
 */
export function distance(a: string, b: string): number {
  // It is at least that: what is much longer, as a label may be, is not compared letter by letter.
  const longer = Math.abs(a.length - b.length);
  if (longer > MAX_COMPARED) return longer;
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number) => rows[row]?.[column] ?? 0;
  for (let row = 1; row <= a.length; row++) {
    rows.push([row]);
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1];
      let least = Math.min(
        at(row - 1, column) + 1,
        at(row, column - 1) + 1,
        at(row - 1, column - 1) + (isSame ? 0 : 1),
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        least = Math.min(least, at(row - 2, column - 2) + 1);
      }
      rows[row]?.push(least);
    }
  }
  return at(a.length, b.length);
}
