import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ApiStore,
  conjurApi,
  disturbanceOf,
  emptyStore,
  type FakeReply,
  type FakeRequest,
  infisicalApi,
  jsonReply,
  putText,
  startFakeServer,
} from '@vault-swarm/lab';
import { stringifyLosslessJson } from '@vault-swarm/provider';
import {
  type Capabilities,
  describeProviderContract,
  type StoredPayload,
  startTcpProxy,
  textOf,
} from '@vault-swarm/provider-contract';
import { providerOf, type Settings } from './testing/configured.ts';

/** An API with JSON and strong ETags. */
function taggedApi(store: ApiStore): (request: FakeRequest) => FakeReply {
  return ({ path, headers }) => {
    if (headers['x-token'] !== store.token) return jsonReply(401, {});
    const key = path.split('/').at(-1) ?? '';
    if (store.denied.has(key)) return jsonReply(403, { error: 'denied' });
    const found = store.values.get(key);
    if (found === undefined) return jsonReply(404, { error: 'not found' });
    const etag = `"${found.id}-${found.version}"`;
    if (headers['if-none-match'] === etag) return { status: 304, headers: { etag } };
    // Fields are sent as they are, text as a string.
    const content = String(found.content);
    return jsonReply(200, `{"data":${content.startsWith('fields:') ? content.slice(7) : JSON.stringify(content)}}`, {
      etag,
    });
  };
}

interface Variant {
  readonly api: (store: ApiStore) => (request: FakeRequest) => FakeReply;
  readonly settings: Settings;
  readonly contentOf: (payload: StoredPayload) => string;
  readonly capabilities: Pick<Capabilities, 'digestRevisions' | 'markers'>;
}

const variants: Readonly<Record<string, Variant>> = {
  'JSON with ETags': {
    api: taggedApi,
    settings: { path: '/v1/{name}', 'headers.X-Token.file': 'TOKEN', value: '/data', revision: 'etag' },
    contentOf: (payload) => ('text' in payload ? payload.text : `fields:${stringifyLosslessJson(payload.fields)}`),
    capabilities: { markers: true, digestRevisions: 'the ETag is the revision' },
  },
  'Infisical, with a version and a path for probes': {
    api: infisicalApi,
    settings: {
      path: '/api/v4/secrets/{name}?projectId=p&environment=prod',
      'headers.Authorization.before': 'Bearer ',
      'headers.Authorization.file': 'TOKEN',
      value: '/secret/secretValue',
      'revision.0': '/secret/id',
      'revision.1': '/secret/version',
      'probe.path': '/api/v4/secrets/{name}?projectId=p&environment=prod&viewSecretValue=false',
    },
    contentOf: textOf,
    capabilities: { markers: true, digestRevisions: 'the version is the revision' },
  },
  'Conjur, with the value as the body': {
    api: conjurApi,
    settings: {
      path: '/secrets/myorg/variable/{name}',
      'headers.Authorization.before': 'Token token="',
      'headers.Authorization.file': 'TOKEN',
      'headers.Authorization.base64': 'true',
      'headers.Authorization.after': '"',
    },
    contentOf: textOf,
    capabilities: { markers: 'its API has neither ETags nor versions', digestRevisions: true },
  },
};

for (const [description, { api, settings, contentOf, capabilities }] of Object.entries(variants)) {
  describeProviderContract(`http (${description})`, {
    capabilities: {
      exactNumbers: true,
      outage: true,
      hang: true,
      drip: true,
      throttling: true,
      hold: true,
      withdrawal: 'an API has no common way to disable a value',
      locations: 'an instance has one path',
      checksum: 'an API has no common way to send one',
      denial: true,
      login: true,
      ...(capabilities as { readonly markers: true; readonly digestRevisions: true }),
      bytes: 'most APIs return JSON; a body of bytes has its own test',
      pins: 'an instance has one path, and no label for versions',
      oldRevisions: 'an instance has one path, for the current value',
      order: 'the plugin does not know the order of versions of an API',
      createdAt: 'APIs have times in many forms',
      hints: 'an API sends nothing by itself',
    },
    async setUp() {
      const directory = await mkdtemp(join(tmpdir(), 'http-contract-'));
      const token = join(directory, 'token');
      await writeFile(token, 'a-token\n', { mode: 0o600 });
      const store = emptyStore('a-token');
      const server = await startFakeServer({ answer: api(store) });
      const proxy = await startTcpProxy(server.endpoint);
      const given: Settings = {
        ...Object.fromEntries(
          Object.entries(settings).map(([name, value]) => [name, value === 'TOKEN' ? token : value]),
        ),
        url: proxy.url,
        'placeholders.name.pattern': '[a-z0-9-]+',
      };
      return {
        largestValueBytes: 499 * 1024,
        open: async (tools) => providerOf(given, tools),
        write: async (name, payload) => putText(store, name, contentOf(payload)),
        delete: async (name) => void store.values.delete(name),
        ref: (name, options) => ({ provider: 'http', location: { name }, encoding: 'raw', ...options }),
        async tearDown() {
          await proxy.close();
          await server.stop();
          await rm(directory, { recursive: true });
        },
        outage: proxy.outage,
        hang: proxy.hang,
        drip: proxy.drip,
        hold: proxy.hold,
        throttling: disturbanceOf(() => server.disturb({ fault: { status: 429, headers: { 'retry-after': '1' } } })),
        login: {
          start: () => writeFile(token, 'another-token\n'),
          end: () => writeFile(token, 'a-token\n'),
        },
        denial: {
          start: async (name) => void store.denied.add(name),
          end: async (name) => void store.denied.delete(name),
        },
      };
    },
  });
}
