import type { ProviderInstance } from '@vault-swarm/provider';
import type { Capability, Operations } from './capability.ts';
import type { AnyHarness, HarnessWith } from './harness.ts';
import { createSuiteTools, type SuiteTools } from './suite-tools.ts';

/** A rule for every provider with the capabilities in `needs`. */
export interface ContractCheck {
  /** A sentence about behaviour, unique among the checks. */
  readonly name: string;
  readonly needs: readonly Capability[];
  /** Resolves if the provider follows the rule, else rejects with the difference. `harness` is used only for this run. */
  run(harness: AnyHarness): Promise<void>;
}

/** Creates a check from its code. It gets an open instance, which is closed afterwards, and the
 * tools with which it was opened. */
export function check<const Names extends readonly Capability[]>(
  name: string,
  needs: Names,
  verify: (harness: HarnessWith<Names[number]>, instance: ProviderInstance, tools: SuiteTools) => Promise<void>,
): ContractCheck {
  return {
    name,
    needs,
    async run(harness) {
      assertHas(harness, needs);
      const tools = createSuiteTools(harness.ref('any').provider);
      const instance = await harness.open(tools);
      try {
        await verify(harness, instance, tools);
      } finally {
        await instance.close();
      }
    },
  };
}

const OPERATIONS: Readonly<Record<keyof Operations, true>> = {
  bytes: true,
  pins: true,
  outage: true,
  hang: true,
  drip: true,
  denial: true,
  login: true,
  throttling: true,
  withdrawal: true,
  hold: true,
  locations: true,
  checksum: true,
};

/** The operations that a harness has without a declaration, or lacks despite one. */
export function undeclaredOperations(harness: AnyHarness, declared: (name: Capability) => boolean): readonly string[] {
  const names = Object.keys(OPERATIONS) as (keyof Operations)[];
  return names.filter((name) => (harness[name] !== undefined) !== declared(name));
}

function assertHas<Names extends readonly Capability[]>(
  harness: AnyHarness,
  needs: Names,
): asserts harness is HarnessWith<Names[number]> {
  for (const name of needs) {
    if (Object.hasOwn(OPERATIONS, name) && harness[name as keyof Operations] === undefined) {
      throw new Error(`the harness has no "${name}", although the provider declares that capability`);
    }
  }
}
