import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { disturbanceByName, disturbanceOf, startGcpFake } from '@vault-swarm/lab';
import { describeProviderContract, startTcpProxy, textOf } from '@vault-swarm/provider-contract';
import { fullName, providerOf, refTo, variablesFor } from './testing/configured.ts';

// What Google does is known from its documentation, which the fake follows.
describeProviderContract('gcp, on our fake of it', {
  capabilities: {
    bytes: true,
    pins: true,
    oldRevisions: true,
    order: true,
    outage: true,
    hang: true,
    drip: true,
    denial: true,
    login: true,
    throttling: true,
    withdrawal: true,
    hold: true,
    locations: true,
    checksum: true,
    exactNumbers: true,
    createdAt: true,
    markers: true,
    digestRevisions: 'Google numbers the versions, and a write makes a new one',
    hints: 'Google tells nobody of a change without services of its own',
  },
  async setUp() {
    const gcp = await startGcpFake();
    const proxy = await startTcpProxy(gcp.endpoint);
    const directory = await mkdtemp(join(tmpdir(), 'gcp-contract-'));
    const tokenFile = join(directory, 'token');
    await writeFile(tokenFile, 'good\n');
    gcp.accept('good');
    const variables = {
      ...variablesFor({ ...gcp, endpoint: proxy.url }),
      GCP_CREDENTIALS_JSON: gcp.federatedCredentials(tokenFile),
    };
    return {
      largestValueBytes: 65_536,
      open: async (tools) => providerOf(variables, tools),
      async write(name, payload) {
        gcp.secrets.write(fullName(name), textOf(payload));
      },
      delete: async (name) => gcp.secrets.delete(fullName(name)),
      ref: (name, options = {}) => refTo(name, options),
      async tearDown() {
        await proxy.close();
        await Promise.all([gcp.stop(), rm(directory, { recursive: true })]);
      },
      bytes: {
        async write(name, bytes) {
          gcp.secrets.write(fullName(name), bytes);
        },
      },
      pins: {
        current: async (name) => String(gcp.secrets.latest(fullName(name))),
        missing: '99',
      },
      outage: proxy.outage,
      hang: proxy.hang,
      drip: proxy.drip,
      hold: proxy.hold,
      withdrawal: {
        start: async (name) => gcp.secrets.change(fullName(name), gcp.secrets.latest(fullName(name)), 'DISABLED'),
        end: async (name) => gcp.secrets.change(fullName(name), gcp.secrets.latest(fullName(name)), 'ENABLED'),
      },
      locations: {
        async write(name, payload) {
          gcp.secrets.write(fullName(name, 'another-project'), textOf(payload));
        },
        ref: (name) => refTo(fullName(name, 'another-project')),
      },
      checksum: {
        start: async () => gcp.secrets.damage(true),
        end: async () => gcp.secrets.damage(false),
      },
      throttling: disturbanceOf(() =>
        gcp.disturb({ fault: { status: 429, body: { error: { status: 'RESOURCE_EXHAUSTED' } } } }),
      ),
      denial: disturbanceByName((name) => gcp.deny('access', fullName(name))),
      login: {
        start: async () => gcp.accept('another'),
        end: () => writeFile(tokenFile, 'another\n'),
      },
    };
  },
});
