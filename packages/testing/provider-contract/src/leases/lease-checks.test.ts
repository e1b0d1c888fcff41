import assert from 'node:assert/strict';
import { describe, expect, test } from 'vitest';
import { describeLeaseContract } from './describe-lease-contract.ts';
import { type LeaseCheck, leaseChecks } from './lease-checks.ts';
import { leaseMutants } from './lease-mutants.ts';
import { createMemoryIssuer, type IssuerBehaviour } from './memory-issuer.ts';

describeLeaseContract('the reference in memory', async () => createMemoryIssuer());

describe('the checks of leases', () => {
  test.concurrent.for(leaseMutants)(
    'find a provider that $name',
    { timeout: 120_000 },
    async ({ mutation, foundBy }) => {
      for (const starting of foundBy) expect(await findsFault(checkNamed(starting), mutation), starting).toBe(true);
    },
  );

  test('are each needed to find a mutant', () => {
    const used = new Set(leaseMutants.flatMap(({ foundBy }) => foundBy).map((starting) => checkNamed(starting).name));
    expect(leaseChecks.map(({ name }) => name).filter((name) => !used.has(name))).toEqual([]);
  });
});

function checkNamed(starting: string): LeaseCheck {
  const found = leaseChecks.filter(({ name }) => name.startsWith(starting));
  const [check] = found;
  assert(check !== undefined && found.length === 1, `${found.length} checks start with "${starting}"`);
  return check;
}

async function findsFault(check: LeaseCheck, mutation: Partial<IssuerBehaviour>): Promise<boolean> {
  try {
    await check.run(createMemoryIssuer(mutation));
    return false;
  } catch {
    return true;
  }
}
