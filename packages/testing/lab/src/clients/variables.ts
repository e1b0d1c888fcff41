import { readFileSync } from 'node:fs';
import { Environment, type Events, type ReadFile } from '@vault-swarm/provider';

/** Variables as they would be in the environment. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** The configuration that these variables give. Throws if they are wrong. */
export function configOf<Config>(
  variables: Variables,
  parse: (environment: Environment, readFile: ReadFile) => Config,
): Config {
  const readFile = (path: string) => readFileSync(path, 'utf8');
  const environment = new Environment(variables, readFile);
  const config = parse(environment, readFile);
  if (environment.problems.length > 0) throw new Error(JSON.stringify(environment.problems));
  return config;
}

/** Events that nobody listens to. */
export const unheard: Events = { emit: () => {} };
