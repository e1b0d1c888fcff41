/**
 * Whether a text matches a pattern. `*` stands for any characters except a slash, `?` for one of them, and `**` for any
 * characters. Everything else stands for itself, in upper or lower case as written. The whole text must match.
 *
 * The time grows with the length of the pattern times the length of the text, whatever they contain.
 */
export function matches(pattern: string, text: string): boolean {
  return run(tokensOf(pattern), [...text]);
}

/**
 * Whether each text that matches `narrow` also matches `wide`. False if that is not certain: some patterns cover others
 * in ways that are not found.
 */
export function covers(wide: string, narrow: string): boolean {
  return run(tokensOf(wide), tokensOf(narrow));
}

/** Whether some text that starts with `prefix` matches. */
export function canStartWith(pattern: string, prefix: string): boolean {
  return follow(tokensOf(pattern), [...prefix]).size > 0;
}

/** A wildcard of a pattern; characters are strings. */
const ANY = Symbol('**');
const IN_PART = Symbol('*');
const ONE = Symbol('?');

type Token = string | typeof ANY | typeof IN_PART | typeof ONE;

function tokensOf(pattern: string): readonly Token[] {
  const parts = pattern.match(/\*{2,}|\*|\?|[^*?]/gsu) ?? [];
  return parts.map((part) => (part.startsWith('**') ? ANY : part === '*' ? IN_PART : part === '?' ? ONE : part));
}

function run(pattern: readonly Token[], input: readonly Token[]): boolean {
  return follow(pattern, input).has(pattern.length);
}

/** Follows all ways through the pattern at the same time. Returns the positions after the input. */
function follow(pattern: readonly Token[], input: readonly Token[]): ReadonlySet<number> {
  let positions = withSkipped(pattern, new Set([0]));
  for (const token of input) {
    const next = new Set<number>();
    for (const position of positions) {
      const expected = pattern[position];
      if (expected === undefined || !accepts(expected, token)) continue;
      next.add(expected === ANY || expected === IN_PART ? position : position + 1);
    }
    positions = withSkipped(pattern, next);
    if (positions.size === 0) break;
  }
  return positions;
}

/** The positions, and those behind wildcards that may stand for nothing. */
function withSkipped(pattern: readonly Token[], positions: ReadonlySet<number>): ReadonlySet<number> {
  const all = new Set(positions);
  for (const position of all) {
    const token = pattern[position];
    if (token === ANY || token === IN_PART) all.add(position + 1);
  }
  return all;
}

/** Whether a part of a pattern stands for a character, or for all that a wildcard may stand for. */
function accepts(expected: Token, token: Token): boolean {
  if (expected === ANY) return true;
  if (expected === IN_PART) return token !== ANY && token !== '/';
  if (expected === ONE) return token === ONE || (typeof token === 'string' && token !== '/');
  return expected === token;
}
