import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import type { Capabilities, Capability } from './capability.ts';
import { undeclaredOperations } from './contract-check.ts';
import { contractChecks, contractVersion } from './contract-checks.ts';
import type { AnyHarness, Harness } from './harness.ts';

/** The provider under test. */
export interface ProviderSuite<C extends Capabilities> {
  /** The provider's capabilities, and the reasons for those that it lacks. */
  readonly capabilities: C;
  /** Creates a new harness for each check. The caller starts and stops shared servers. */
  setUp(): Promise<Harness<C>>;
}

/**
 * Registers a vitest test for each check that fits the provider's capabilities, and one for each capability that it lacks,
 * with the reason in its name.
 */
export function describeProviderContract<const C extends Capabilities>(name: string, suite: ProviderSuite<C>): void {
  const { capabilities } = suite;
  const has = (capability: Capability) => capabilities[capability] === true;

  describe(`${name} fulfils the provider contract, version ${contractVersion}`, () => {
    for (const check of contractChecks) {
      if (check.needs.every(has)) test(check.name, () => withHarness(suite, (harness) => check.run(harness)));
    }
    for (const [capability, reason] of Object.entries(capabilities)) {
      if (reason === true) continue;
      const skipped = contractChecks.filter(({ needs }) => needs.some((needed) => needed === capability)).length;
      test(`lacks "${capability}" (${reason}): ${skipped} checks do not apply`, () => {
        assert(reason.trim() !== '', 'the reason is missing');
      });
    }
    test('has a harness that matches the declared capabilities', () =>
      withHarness(suite, async (harness) => assert.deepEqual(undeclaredOperations(harness, has), [])));
  });
}

async function withHarness<C extends Capabilities>(
  suite: ProviderSuite<C>,
  use: (harness: AnyHarness) => Promise<void>,
): Promise<void> {
  const harness: AnyHarness = await suite.setUp();
  try {
    await use(harness);
  } finally {
    await harness.tearDown();
  }
}
