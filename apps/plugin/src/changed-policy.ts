import type { PolicyReloadPorts, ReadFile } from '@vault-swarm/provider';
import { accessPolicyOf } from './access-policy-of.ts';
import { readConfigFile } from './config-file.ts';
import type { ConfiguredProvider } from './configured-providers.ts';

/**
 * Where the access policy is read again while the plugin runs: `CONFIG_FILE`.
 *
 * @param path of the file; `null` without one.
 * @param providers the running providers. They change only at a restart.
 */
export function policyIn(
  path: string | null,
  readFile: ReadFile,
  providers: readonly Pick<ConfiguredProvider, 'name' | 'kind'>[],
): Pick<PolicyReloadPorts, 'read' | 'parse'> {
  return {
    read() {
      try {
        return path === null ? null : readFile(path);
      } catch {
        // Parsing reports why it can't be read.
        return null;
      }
    },
    async parse(text) {
      const file = await readConfigFile({ CONFIG_FILE: path ?? '' }, text === null ? readFile : () => text);
      const { policy, problems } = accessPolicyOf(file, providers);
      const [first, ...more] = [...file.problems, ...problems];
      if (first === undefined) return policy;
      const others = more.length === 0 ? '' : `, and ${more.length} more`;
      return { problem: `CONFIG_FILE: ${first.where}${first.where === '' ? '' : ': '}${first.message}${others}` };
    },
  };
}
