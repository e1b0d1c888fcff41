/**
 * Returns why `path` can't name a file below the directory; `null` if it can. `..data` is an ordinary name; only the
 * segment `..` is not. Each file has one spelling, so that two refs of one file have the same key.
 */
export function relativePathProblem(path: string): string | null {
  if (path.startsWith('/')) return 'is an absolute path; make it relative to FILE_SECRETS_DIR';
  if (path.includes('\\')) return 'contains a backslash; separate directories with /';
  if (hasControlCharacter(path)) return 'contains a control character';
  const segments = path.split('/');
  if (segments.includes('..')) return 'contains the segment ".."; a path must not leave FILE_SECRETS_DIR';
  if (segments.includes('.')) return 'contains the segment "."; remove it';
  if (segments.includes('')) return 'has an empty segment; write one / between names and none at the end';
  return null;
}

function hasControlCharacter(path: string): boolean {
  return [...path].some((character) => character < ' ' || character === '\u007f');
}
