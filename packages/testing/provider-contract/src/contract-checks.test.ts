import assert from 'node:assert/strict';
import { describe, expect, test } from 'vitest';
import type { ContractCheck } from './contract-check.ts';
import { contractChecks } from './contract-checks.ts';
import { describeProviderContract } from './describe-provider-contract.ts';
import { createMemoryHarness, everyCapability } from './reference/memory-harness.ts';
import type { Behaviour } from './reference/memory-provider.ts';
import { mutants } from './reference/mutants.ts';

describeProviderContract('the reference in memory', {
  capabilities: everyCapability,
  setUp: async () => createMemoryHarness(),
});

describe('the checks of the contract', () => {
  test('have unique names', () => {
    expect(new Set(contractChecks.map(({ name }) => name)).size).toBe(contractChecks.length);
  });

  test.concurrent.for(mutants)('find a provider that $name', async ({ mutation, foundBy }) => {
    for (const starting of foundBy) {
      expect(await findsFault(checkNamed(starting), mutation), starting).toBe(true);
    }
  });

  test('are each needed to find a mutant', () => {
    const used = new Set(mutants.flatMap(({ foundBy }) => foundBy).map((starting) => checkNamed(starting).name));
    expect(contractChecks.map(({ name }) => name).filter((name) => !used.has(name))).toEqual([]);
  });

  test('name the operation that a harness lacks despite its declaration', async () => {
    const { hang: _, ...harness } = createMemoryHarness();
    await expect(checkNamed('ends a read that hangs').run(harness)).rejects.toThrow('the harness has no "hang"');
  });
});

function checkNamed(starting: string): ContractCheck {
  const found = contractChecks.filter(({ name }) => name.startsWith(starting));
  const [check] = found;
  assert(check !== undefined && found.length === 1, `${found.length} checks start with "${starting}"`);
  return check;
}

async function findsFault(check: ContractCheck, mutation: Partial<Behaviour>): Promise<boolean> {
  const harness = createMemoryHarness(mutation);
  try {
    await check.run(harness);
    return false;
  } catch {
    return true;
  } finally {
    await harness.tearDown();
  }
}
