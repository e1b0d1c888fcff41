/** How many bytes of one answer its list may take: with what is around it, an answer stays below a megabyte. */
const MAX_LIST_BYTES = 900_000;

/** The first of these parts of an answer that fit into it, as JSON; at least one, however long that is. */
export function fitting(parts: Iterable<string>): readonly string[] {
  const fit: string[] = [];
  let bytes = 0;
  for (const part of parts) {
    bytes += Buffer.byteLength(part) + 1;
    if (bytes > MAX_LIST_BYTES && fit.length > 0) break;
    fit.push(part);
  }
  return fit;
}
