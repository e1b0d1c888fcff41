/** Maps each item with at most `limit` calls of `map` in progress at once. Results are in the order of the items. */
export async function mapConcurrently<A, B>(
  items: readonly A[],
  limit: number,
  map: (item: A) => Promise<B>,
): Promise<B[]> {
  if (items.length === 0) return [];
  const results: B[] = new Array(items.length);
  const entries = items.entries();
  const worker = async () => {
    for (const [index, item] of entries) results[index] = await map(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}
