import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventBus } from '@vault-swarm/kernel';
import {
  type ApiStore,
  conjurApi,
  delineaApi,
  dopplerApi,
  emptyStore,
  type FakeReply,
  type FakeRequest,
  type FakeServer,
  infisicalApi,
  onePasswordApi,
  putText,
  startFakeServer,
} from '@vault-swarm/lab';
import { openDocument } from '@vault-swarm/lab/documents';
import { probeAll, readTextOf } from '@vault-swarm/lab/provider-calls';
import { LabelReader, type Labels, type ProductEvent, type ProviderInstance } from '@vault-swarm/provider';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfigFile } from './config-file.ts';
import { parseConfiguration } from './configuration.ts';
import { systemClock } from './system/clock.ts';

const guide = openDocument('docs/guides/http.md', import.meta.filename);
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'http-guide-'));
  writeFileSync(join(directory, 'token'), 'a-token\n', { mode: 0o600 });
});
afterAll(() => rmSync(directory, { recursive: true }));

interface Product {
  /** The text before the block in the guide. */
  readonly heading: string;
  readonly api: (store: ApiStore) => (request: FakeRequest) => FakeReply;
  /** The key of the value in the double, and contents that deliver `first` and `second`. */
  readonly key: string;
  readonly contents: readonly [string, string];
  readonly labels: Labels;
  /** Whether a probe notices a change without a read. */
  readonly hasMarkers: boolean;
}

const ITEM = 'abcdefghijklmnopqrstuvwxyz';
const products: readonly Product[] = [
  {
    heading: '1. Describe the API',
    api: infisicalApi,
    key: 'DB_PASSWORD',
    contents: ['first', 'second'],
    labels: { provider: 'infisical', http_name: 'DB_PASSWORD' },
    hasMarkers: true,
  },
  {
    heading: 'Other APIs',
    api: dopplerApi,
    key: 'shop/prd',
    contents: ['{"DB_PASSWORD":"first","OTHER":"x"}', '{"DB_PASSWORD":"second","OTHER":"x"}'],
    labels: { provider: 'doppler', http_field: 'DB_PASSWORD' },
    hasMarkers: true,
  },
  {
    heading: 'Other APIs',
    api: onePasswordApi,
    key: `${ITEM}/${ITEM}`,
    contents: ['{"username":"app","password":"first"}', '{"username":"app","password":"second"}'],
    labels: { provider: 'onepassword', http_vault: ITEM, http_item: ITEM, http_field: 'password' },
    hasMarkers: false,
  },
  {
    heading: 'Other APIs',
    api: conjurApi,
    key: 'prod/db/password',
    contents: ['first', 'second'],
    labels: { provider: 'conjur', http_id: 'prod/db/password' },
    hasMarkers: false,
  },
  {
    heading: 'Other APIs',
    api: delineaApi,
    key: '42',
    contents: ['{"username":"app","password":"first"}', '{"username":"app","password":"second"}'],
    labels: { provider: 'delinea', http_id: '42', http_field: 'password' },
    hasMarkers: false,
  },
];

/** The guide's configuration, with the address of the double and a token of ours. */
async function configured(yaml: string, { endpoint }: FakeServer) {
  const text = yaml
    .replace(/url: \S+/, `url: ${endpoint}`)
    .replace(/file: [^,}\s]+/, `file: ${join(directory, 'token')}`);
  const readFile = (path: string) => (path === '/file.yaml' ? text : 'a-token\n');
  const given = { CONFIG_FILE: '/file.yaml', LEDGER_KEY: 'only-for-tests' };
  const parsed = parseConfiguration(given, readFile, await readConfigFile(given, readFile));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.configuration;
}

// In the order of the guide: each takes the next block.
test('each example of the guide reads a secret, notices a change, and tells refusals apart', async () => {
  for (const { heading, api, key, contents, labels, hasMarkers } of products) {
    const store = emptyStore('a-token');
    const server = await startFakeServer({ answer: api(store) });
    let provider: ProviderInstance | undefined;
    try {
      const { providers, schemes } = await configured(guide.take(heading, 'yaml'), server);
      const reader = new LabelReader(schemes);
      const { ref } = reader.read(labels, 'db', 'web');
      provider = await providers[0]?.load({
        clock: systemClock,
        random: { next: () => 0 },
        digest: (bytes) => `digest of ${Buffer.from(bytes).toString('hex')}`,
        events: new EventBus<ProductEvent>(systemClock),
        ownFiles: [],
      });
      if (provider === undefined) throw new Error('the guide configures no provider');
      const instance = provider;
      const read = () =>
        instance.secrets.read(ref, { signal: AbortSignal.timeout(10_000), notBeforeMs: performance.now() });
      const refusal = async () =>
        read().then(
          () => null,
          (error: unknown) => error,
        );
      putText(store, key, contents[0]);
      expect(await readTextOf(provider, ref), key).toBe('first');
      const { revision } = await read();
      const [before] = await probeAll(provider, ref);
      expect(before?.kind).toBe(hasMarkers ? 'marker' : 'unsupported');
      putText(store, key, contents[1]);
      const [after] = await probeAll(provider, ref);
      if (hasMarkers) expect(after).not.toEqual(before);
      const second = await read();
      expect(Buffer.from(second.value.reveal()).toString()).toBe('second');
      expect(second.revision).not.toBe(revision);
      store.denied.add(key);
      expect(await refusal()).toMatchObject({ code: 'ACCESS_DENIED', retryable: false });
      store.denied.clear();
      store.values.clear();
      expect(await refusal()).toMatchObject({ code: 'NOT_FOUND', retryable: false });
      expect(server.requests.every(({ headers }) => headers.authorization !== undefined)).toBe(true);
    } finally {
      await provider?.close();
      await server.stop();
    }
  }
});

test('the labels of the guide are right', async () => {
  const { parse } = await import('yaml');
  const { secrets } = parse(guide.take('2. Name the secrets', 'yaml')) as {
    readonly secrets: Readonly<Record<string, { readonly labels: Labels }>>;
  };
  expect(secrets.db_password?.labels).toEqual(products[0]?.labels);
  expect(guide.left()).toEqual([]);
});
