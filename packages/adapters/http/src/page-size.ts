/** The most bytes of a list in one response. With the other fields, a response stays below a megabyte. */
const MAX_LIST_BYTES = 900_000;

/** The first parts that fit into a response, as JSON; at least one, even if it is too long. */
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
