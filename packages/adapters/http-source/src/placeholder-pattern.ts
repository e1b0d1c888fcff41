/** The longest pattern. */
const MAX_PATTERN = 200;

/**
 * Why a text is no pattern of a placeholder, as a continuation of the text; `null` if it is one. Values come from
 * labels: a repeated group could need exponential time for some of them.
 */
export function patternProblem(text: string): string | null {
  if (text.length > MAX_PATTERN) return `must have at most ${MAX_PATTERN} characters`;
  const withoutClasses = text.replace(/\\./g, '').replace(/\[[^\]]*\]/g, '');
  if (/\)[*+?{]/.test(withoutClasses)) return 'must not repeat a group; use a class of characters such as [a-z/]+';
  if (/[\^$]|\(\?(?!:)/.test(withoutClasses))
    return 'must have no anchors and no lookaround; it always matches the whole value';
  try {
    new RegExp(`^(?:${text})$`, 'u');
    return null;
  } catch {
    return 'is no regular expression';
  }
}
