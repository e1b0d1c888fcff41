import type { ConfigurationProblem, ReadFile } from '@vault-swarm/provider';
import { readConfigFile } from './config-file.ts';
import { parseConfiguration } from './configuration.ts';

/**
 * Why the plugin would not start with these variables, including the file of `CONFIG_FILE`. Starts nothing.
 *
 * @param readFile reads the files that the variables name.
 */
export async function configurationProblems(
  variables: Readonly<Record<string, string | undefined>>,
  readFile: ReadFile,
): Promise<readonly ConfigurationProblem[]> {
  const parsed = parseConfiguration(variables, readFile, await readConfigFile(variables, readFile));
  return parsed.ok ? [] : parsed.problems;
}
