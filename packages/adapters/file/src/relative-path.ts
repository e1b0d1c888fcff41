/**
 * Why `path` can't name a file below the directory, or `null` where it can. `..data` is a name like any other; only the
 * segment `..` is not. There is one spelling for each file, so that two refs of one file have one key.
 */
export function relativePathProblem(path: string): string | null {
  if (path.startsWith('/')) return 'is an absolute path; give it relative to FILE_SECRETS_DIR';
  if (path.includes('\\')) return 'has a backslash in it; directories are separated by /';
  if (hasControlCharacter(path)) return 'has a control character in it';
  const segments = path.split('/');
  if (segments.includes('..')) return 'has ".." in it; a path that leaves FILE_SECRETS_DIR is refused';
  if (segments.includes('.')) return 'has "." in it; leave that segment out';
  if (segments.includes('')) return 'has an empty segment; write one / between two names and none at the end';
  return null;
}

function hasControlCharacter(path: string): boolean {
  return [...path].some((character) => character < ' ' || character === '\u007f');
}
