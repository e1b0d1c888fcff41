/** The most values that AWS accepts in one filter. */
const MOST = 10;

/**
 * The longest prefixes, at most ten, such that each name starts with one of them; empty if only the empty prefix would
 * do.
 */
export function commonPrefixes(names: readonly string[]): readonly string[] {
  const sorted = [...new Set(names)].sort();
  const shared = sorted.map((name, index) => (index === 0 ? 0 : sharedLength(sorted[index - 1] ?? '', name)));
  // Groups start between the neighbours with the shortest common prefix.
  const starts = shared
    .map((length, index) => ({ length, index }))
    .slice(1)
    .sort((one, other) => one.length - other.length)
    .slice(0, MOST - 1)
    .map(({ index }) => index);
  const bounds = [0, ...starts.sort((one, other) => one - other), sorted.length];
  const prefixes = bounds.slice(0, -1).map((start, group) => {
    const first = sorted[start] ?? '';
    const last = sorted[(bounds[group + 1] ?? sorted.length) - 1] ?? '';
    return first.slice(0, sharedLength(first, last));
  });
  return prefixes.includes('') ? [] : prefixes;
}

function sharedLength(one: string, other: string): number {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length += 1;
  return length;
}
