import assert from 'node:assert/strict';
import fc from 'fast-check';

/** No input may take longer; it takes far less, but the machine may be busy. */
const MAX_MS = 5_000;

/**
 * Checks `property` for random inputs: as many as the environment's FUZZ_INPUTS says, 1,200 if it says nothing. An input for
 * which it rejects, or takes longer than 5 seconds, is made as small as it goes, and told with the seed that gives it again.
 *
 * @param cost how many usual inputs one takes as long as; there are fewer by so much.
 */
export async function holdsFor<T>(
  inputs: fc.Arbitrary<T>,
  property: (input: T) => void | Promise<void>,
  { cost = 1 }: { readonly cost?: number } = {},
): Promise<void> {
  const numRuns = Math.ceil(Number(process.env.FUZZ_INPUTS ?? 1_200) / cost);
  const timed = async (input: T) => {
    const startedAt = performance.now();
    await property(input);
    const tookMs = performance.now() - startedAt;
    assert(tookMs < MAX_MS, `it took ${Math.round(tookMs)} ms`);
  };
  await fc.assert(fc.asyncProperty(inputs, timed), { numRuns });
}
