import type { ProviderModule } from '@vault-swarm/provider';
import { describe, test } from 'vitest';
import { type ModuleSuite, moduleChecks } from './module-checks.ts';

/** Registers a vitest test for each rule of a {@link ProviderModule}. */
export function describeModuleContract<Config>(module: ProviderModule<Config>, suite: ModuleSuite): void {
  describe(`the module of the kind ${module.kind} fulfils its contract`, () => {
    for (const { name, run } of moduleChecks(module, suite)) test(name, run);
  });
}
