/** Runs an action that takes long. Writes to stderr when it starts, and how long it took. */
export async function step<T>(what: string, action: () => Promise<T>): Promise<T> {
  const start = performance.now();
  process.stderr.write(`${what} …\n`);
  const result = await action();
  process.stderr.write(`${what}: done in ${((performance.now() - start) / 1000).toFixed(1)} s\n`);
  return result;
}
