import type { ProviderModule } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { moduleProblem } from './module-problem.ts';
import { builtInProviders } from './providers.ts';

const variables = {
  settings: ['ACME_ADDR'],
  credentials: ['ACME_TOKEN'],
  defaults: {},
  ownPrefix: 'ACME_',
  libraryFiles: [],
};
function acme(change: { readonly kind?: string; readonly label?: string; readonly variable?: string }): ProviderModule {
  const { kind = 'acme', label = `${kind}_name`, variable = 'ACME_ADDR' } = change;
  return {
    kind,
    variables: { ...variables, settings: [variable] },
    price: null,
    labels: () => ({ kind, names: [label], target: () => ({ location: {} }) }),
    parseConfig: () => null,
    usesTls: () => false,
    load: () => Promise.reject(new Error('never loaded')),
  };
}

test('the kinds that the plugin comes with, and another one, make a plugin', () => {
  expect(moduleProblem(builtInProviders)).toBeNull();
  expect(moduleProblem([...builtInProviders, acme({})])).toBeNull();
});

test.each([
  [[], 'there is no kind of provider'],
  [[acme({}), acme({})], 'two kinds of provider are named acme'],
  [[acme({ kind: 'acme_2' })], 'the kind of provider "acme_2" must have only a–z and 0–9'],
  [[acme({ kind: 'secret' })], "a kind of provider can't be named secret"],
  [[acme({ label: 'name' })], 'the label name of the kind acme must start with acme_'],
  [[acme({ variable: 'acmeAddr' })], 'the variable acmeAddr of the kind acme must have only'],
])('%#: modules that make no plugin are refused', (modules, message) => {
  expect(moduleProblem(modules)).toContain(message);
});
