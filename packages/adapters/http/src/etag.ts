import { createHash } from 'node:crypto';

/** A quoted ETag of these texts: the same texts have the same ETag, also in another process. */
export function etagOf(texts: Iterable<string>): string {
  const hash = createHash('sha256');
  // The texts can't contain the separator, because JSON escapes it.
  for (const text of texts) hash.update(text).update('\n');
  return `"${hash.digest('base64url').slice(0, 22)}"`;
}
