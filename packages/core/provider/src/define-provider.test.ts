import { expect, test } from 'vitest';
import { defineProvider, type ProviderTools, SecretValue } from './index.ts';

const tools = { name: 'mine' } as ProviderTools;

test('a kind is defined by its labels, its settings and a way to read', async () => {
  const secrets = { read: async () => ({ value: SecretValue.fromText('value'), revision: '1' }) };
  const module = defineProvider({
    kind: 'acme',
    labels: () => ({ kind: 'acme', names: ['acme_name'], target: () => ({ location: {} }) }),
    parseConfig: (environment) => environment.text('ACME_ADDR', 'http://localhost'),
    variables: { settings: ['ACME_ADDR'] },
    load: async () => ({ secrets }),
  });
  expect(module.variables).toEqual({
    settings: ['ACME_ADDR'],
    credentials: [],
    defaults: {},
    ownPrefix: null,
    libraryFiles: [],
  });
  expect([module.price, module.usesTls('http://localhost')]).toEqual([null, false]);
  const instance = await module.load('http://localhost', tools);
  const { close, ...rest } = instance;
  expect(rest).toEqual({
    name: 'mine',
    secrets,
    probe: null,
    hints: null,
    revisions: null,
    order: null,
    leases: null,
    holders: null,
  });
  await expect(close()).resolves.toBeUndefined();
});

test('what is given replaces the defaults', async () => {
  let isClosed = false;
  const probe = { probe: async () => new Map() };
  const module = defineProvider({
    kind: 'acme',
    labels: () => ({ kind: 'acme', names: [], target: () => ({ location: {} }) }),
    parseConfig: () => null,
    usesTls: () => true,
    price: { dollarsPerRequest: 0.1, free: ['login'] },
    load: async () => ({
      secrets: { read: () => Promise.reject(new Error('not used')) },
      probe,
      close: async () => {
        isClosed = true;
      },
    }),
  });
  expect([module.usesTls(null), module.price?.dollarsPerRequest]).toEqual([true, 0.1]);
  const instance = await module.load(null, tools);
  await instance.close();
  expect([instance.probe, isClosed]).toEqual([probe, true]);
});
