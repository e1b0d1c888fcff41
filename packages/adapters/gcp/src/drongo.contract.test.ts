import { join } from 'node:path';
import { type Drongo, type GcpFake, startDrongo, startGcpFake, tempDirectory } from '@vault-swarm/lab';
import { describeProviderContract, startTcpProxy, textOf } from '@vault-swarm/provider-contract';
import { afterAll, beforeAll } from 'vitest';
import { fullName, providerOf, refTo, variablesFor } from './testing/configured.ts';

const directory = tempDirectory();
let drongo: Drongo;
/** For the metadata server, which drongo does not have. */
let machine: GcpFake;

beforeAll(async () => {
  drongo = await startDrongo({ dir: join(directory.path, 'drongo') });
  machine = await startGcpFake();
});
afterAll(async () => {
  await Promise.all([drongo?.stop(), machine?.stop()]);
  await directory.remove();
});

/** Adds a version, to a new secret if there is none. */
async function add(name: string, bytes: string | Uint8Array): Promise<void> {
  const [parent, id] = name.split('/secrets/');
  await drongo.request('POST', `${parent}/secrets?secretId=${id}`, {}).catch(() => drongo.request('GET', name));
  await drongo.request('POST', `${name}:addVersion`, { payload: { data: Buffer.from(bytes).toString('base64') } });
}

async function current(name: string): Promise<string> {
  const { name: version } = Object(await drongo.request('GET', `${name}/versions/latest`));
  return String(version).split('/').at(-1) ?? '';
}

const double = 'drongo can not do that; our fake shows it';

// drongo differs from Google: `latest` skips disabled versions, and a payload has no checksum.
describeProviderContract('gcp, on drongo', {
  capabilities: {
    bytes: true,
    pins: true,
    oldRevisions: true,
    order: true,
    outage: true,
    hang: true,
    drip: true,
    denial: double,
    login: double,
    throttling: double,
    withdrawal: true,
    hold: true,
    locations: true,
    checksum: double,
    exactNumbers: true,
    createdAt: true,
    markers: true,
    digestRevisions: 'Google numbers the versions, and a write makes a new one',
    hints: 'Google tells nobody of a change without services of its own',
  },
  async setUp() {
    const proxy = await startTcpProxy(drongo.endpoint);
    const disabled = new Map<string, string>();
    return {
      largestValueBytes: 65_536,
      open: async (tools) => providerOf(variablesFor({ host: machine.host, endpoint: proxy.url }), tools),
      write: (name, payload) => add(fullName(name), textOf(payload)),
      async delete(name) {
        await drongo.request('DELETE', fullName(name));
      },
      ref: (name, options = {}) => refTo(name, options),
      tearDown: () => proxy.close(),
      bytes: { write: (name, bytes) => add(fullName(name), bytes) },
      pins: { current: (name) => current(fullName(name)), missing: '99' },
      outage: proxy.outage,
      hang: proxy.hang,
      drip: proxy.drip,
      hold: proxy.hold,
      withdrawal: {
        async start(name) {
          disabled.set(name, await current(fullName(name)));
          await drongo.request('POST', `${fullName(name)}/versions/${disabled.get(name)}:disable`, {});
        },
        async end(name) {
          await drongo.request('POST', `${fullName(name)}/versions/${disabled.get(name)}:enable`, {});
        },
      },
      locations: {
        write: (name, payload) => add(fullName(name, 'another-project'), textOf(payload)),
        ref: (name) => refTo(fullName(name, 'another-project')),
      },
    };
  },
});
