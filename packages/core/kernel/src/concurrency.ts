/**
 * Maps each item, with at most `limit` calls of `map` in flight. The results have the order of the items. Rejects with
 * the first failure. No call starts after a failure.
 */
export async function mapConcurrently<A, B>(
  items: Iterable<A>,
  limit: number,
  map: (item: A) => Promise<B>,
): Promise<B[]> {
  const all = [...items];
  const results: B[] = new Array(all.length);
  const entries = all.entries();
  let hasFailed = false;
  const worker = async () => {
    for (const [index, item] of entries) {
      if (hasFailed) return;
      try {
        results[index] = await map(item);
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, all.length) }, worker));
  return results;
}
