import type { Environment, ProviderInstance, ProviderModule } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { moduleChecks } from './module-checks.ts';

const instance = (name: string): ProviderInstance => ({
  name,
  secrets: { read: () => Promise.reject(new Error('it is never read')) },
  probe: null,
  hints: null,
  revisions: null,
  order: null,
  leases: null,
  holders: null,
  close: async () => undefined,
});

const good: ProviderModule<string> = {
  kind: 'acme',
  variables: {
    settings: ['ACME_ADDR'],
    credentials: ['ACME_TOKEN'],
    defaults: {},
    ownPrefix: 'ACME_',
    libraryFiles: [],
  },
  price: null,
  labels: () => ({ kind: 'acme', names: ['acme_name'], target: () => ({ location: {} }) }),
  parseConfig(environment: Environment) {
    environment.credential('ACME_TOKEN');
    return environment.text('ACME_ADDR', 'http://127.0.0.1');
  },
  usesTls: () => false,
  load: async (_, { name }) => instance(name),
};

async function failedChecks(change: Partial<ProviderModule<string>>): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const { name, run } of moduleChecks({ ...good, ...change }, { environments: [{}] })) {
    await Promise.resolve()
      .then(run)
      .catch(() => failed.push(name));
  }
  return failed;
}

test('a valid module passes all checks', async () => {
  expect(await failedChecks({})).toEqual([]);
});

const { variables } = good;
const NO_CONTEXT = { readFile: () => '', surroundings: null };
const withLabels = (names: readonly string[]) => () => ({ ...good.labels(), names });

test.each<[string, Partial<ProviderModule<string>>, RegExp]>([
  ['has a label of another kind', { labels: withLabels(['store_name']) }, /labels start with it/],
  [
    'has other labels with a configuration',
    { labels: (config) => withLabels(config ? ['acme_x'] : ['acme_y'])() },
    /same names/,
  ],
  [
    'lists a variable that it does not read',
    { variables: { ...variables, settings: ['ACME_ADDR', 'ACME_CA'] } },
    /lists exactly/,
  ],
  ['reads a variable that it does not list', { variables: { ...variables, settings: [] } }, /lists exactly/],
  ['does not list a credential as one', { variables: { ...variables, credentials: [] } }, /lists exactly/],
  ['creates an instance of another name', { load: async () => instance('acme') }, /an instance of the given name/],
  [
    'reports a valid environment',
    {
      parseConfig(given) {
        given.report('ACME_ADDR', 'is wrong');
        return good.parseConfig(given, NO_CONTEXT);
      },
    },
    /environments are valid/,
  ],
])('a module that %s is found', async (_, change, check) => {
  expect(await failedChecks(change)).toEqual([expect.stringMatching(check)]);
});
