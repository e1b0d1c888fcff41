import { displayText, quoted } from '@vault-swarm/kernel';
import type { AccessPolicy } from '@vault-swarm/provider';
import { NO_ACCESS_SETTINGS } from './access-settings.ts';
import type { ConfigFile } from './config-file-entries.ts';
import type { ConfiguredProvider } from './configured-providers.ts';
import type { FileProblem } from './file-problem.ts';

/** Kinds whose API has `data/` in the paths of KV v2. Labels and rules name secrets without it. */
const VAULT_KINDS = ['vault', 'openbao'];

/** The access policy of a file for these providers, and what is wrong with it. */
export function accessPolicyOf(
  { entries, access = NO_ACCESS_SETTINGS }: ConfigFile,
  providers: readonly Pick<ConfiguredProvider, 'name' | 'kind'>[],
): { readonly policy: AccessPolicy; readonly problems: readonly FileProblem[] } {
  const stacksOfProvider = new Map(
    entries.flatMap(({ name, stacks }) => (stacks === undefined ? [] : [[name, stacks]])),
  );
  const problems = access.rules.flatMap(({ grant }, index) =>
    [...grant].flatMap(([name, paths]): readonly FileProblem[] => {
      const where = `access.rules.${index + 1}.grant.${displayText(name)}`;
      const provider = providers.find((each) => each.name === name);
      if (provider === undefined) {
        const names = providers.map((each) => each.name).join(', ');
        return [
          { where, message: `is the name of no provider; there ${providers.length === 1 ? 'is' : 'are'} ${names}` },
        ];
      }
      const wrong = VAULT_KINDS.includes(provider.kind) ? paths.filter((path) => /^[^/]+\/data\//.test(path)) : [];
      return wrong.map((path) => ({ where, message: `${quoted(path)} must be without the data/ of Vault's API` }));
    }),
  );
  return { policy: { ...access, stacksOfProvider }, problems };
}
