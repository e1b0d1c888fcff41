import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import type { Capabilities, Capability } from './capability.ts';
import { undeclaredOperations } from './contract-check.ts';
import { contractChecks, contractVersion } from './contract-checks.ts';
import type { AnyHarness, Harness } from './harness.ts';

/** A provider, as the suite needs to know it. */
export interface ProviderSuite<C extends Capabilities> {
  /** What the provider can do, and why it can't do the rest. */
  readonly capabilities: C;
  /** Makes a new harness: called for each check. What they share (a server) is started and ended by the caller. */
  setUp(): Promise<Harness<C>>;
}

/**
 * Registers a vitest test for each check that the provider's capabilities allow, and one for each capability that it
 * lacks, whose name gives the reason.
 */
export function describeProviderContract<const C extends Capabilities>(name: string, suite: ProviderSuite<C>): void {
  const { capabilities } = suite;
  const has = (capability: Capability) => capabilities[capability] === true;

  describe(`${name} keeps the provider contract, edition ${contractVersion}`, () => {
    for (const check of contractChecks) {
      if (check.needs.every(has)) test(check.name, () => withHarness(suite, (harness) => check.run(harness)));
    }
    for (const [capability, reason] of Object.entries(capabilities)) {
      if (reason === true) continue;
      const left = contractChecks.filter(({ needs }) => needs.some((needed) => needed === capability)).length;
      test(`lacks "${capability}" (${reason}): ${left} checks do not apply`, () => {
        assert(reason.trim() !== '', 'the reason is missing');
      });
    }
    test('has a harness that fits the declared capabilities', () =>
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
