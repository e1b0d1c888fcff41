import type { ProviderInstance } from '@vault-swarm/provider';
import type { Capability, Operations } from './capability.ts';
import type { AnyHarness, HarnessWith } from './harness.ts';

/** One thing that every provider with the capabilities in `needs` has to do. */
export interface ContractCheck {
  /** A sentence about behaviour, unique among the checks. */
  readonly name: string;
  readonly needs: readonly Capability[];
  /** Resolves where the provider does it, rejects with what it did instead. `harness` is used for this run only. */
  run(harness: AnyHarness): Promise<void>;
}

/** A check from the code that does it, with an instance that is closed afterwards. */
export function check<const Names extends readonly Capability[]>(
  name: string,
  needs: Names,
  verify: (harness: HarnessWith<Names[number]>, instance: ProviderInstance) => Promise<void>,
): ContractCheck {
  return {
    name,
    needs,
    async run(harness) {
      assertHas(harness, needs);
      const instance = await harness.open();
      try {
        await verify(harness, instance);
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
};

/** The operations that a harness has, though `declared` does not name them, or lacks, though it does. */
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
      throw new Error(`the harness has no "${name}", though the provider is declared to have that capability`);
    }
  }
}
