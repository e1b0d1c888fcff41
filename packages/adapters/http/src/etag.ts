import { createHash } from 'node:crypto';

/** An ETag of these texts, quoted: the same texts have the same one, also in another process. */
export function etagOf(texts: Iterable<string>): string {
  const hash = createHash('sha256');
  // A text can't contain the separator, since JSON escapes it.
  for (const text of texts) hash.update(text).update('\n');
  return `"${hash.digest('base64url').slice(0, 22)}"`;
}
