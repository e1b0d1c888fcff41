import assert from 'node:assert/strict';
import fc from 'fast-check';

/** The limit for one input, in processor time of this thread: on a busy machine an input waits for its turn. */
const MAX_MS = 5_000;

/**
 * Checks `property` for random inputs: FUZZ_INPUTS of them, 1,200 by default. An input that fails, or takes more than 5 s of processor time, is
 * shrunk and reported with the seed that repeats it.
 *
 * @param cost how many times longer than usual one input takes; the number of inputs is divided by it.
 */
export async function holdsFor<T>(
  inputs: fc.Arbitrary<T>,
  property: (input: T) => void | Promise<void>,
  { cost = 1 }: { readonly cost?: number } = {},
): Promise<void> {
  const numRuns = Math.ceil(Number(process.env.FUZZ_INPUTS ?? 1_200) / cost);
  const timed = async (input: T) => {
    const before = process.threadCpuUsage();
    await property(input);
    const { user, system } = process.threadCpuUsage(before);
    const tookMs = (user + system) / 1_000;
    assert(tookMs < MAX_MS, `it took ${Math.round(tookMs)} ms`);
  };
  await fc.assert(fc.asyncProperty(inputs, timed), { numRuns });
}
