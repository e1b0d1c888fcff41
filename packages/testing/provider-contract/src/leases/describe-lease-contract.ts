import { describe, test } from 'vitest';
import { leaseChecks } from './lease-checks.ts';
import type { LeaseHarness } from './lease-harness.ts';

/**
 * Registers a vitest test for each rule of the ports `LeaseIssuer` and `LeaseHolders`.
 *
 * @param setUp creates a new harness for each check. The caller starts and stops shared servers.
 */
export function describeLeaseContract(name: string, setUp: () => Promise<LeaseHarness>): void {
  describe(`${name} fulfils the contract of leases`, () => {
    for (const check of leaseChecks) {
      test(check.name, async () => {
        const harness = await setUp();
        try {
          await check.run(harness);
        } finally {
          await harness.tearDown();
        }
      });
    }
  });
}
