import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { azurePrincipal, disturbanceByName, disturbanceOf, startAzureFake } from '@vault-swarm/lab';
import { describeProviderContract, startTcpProxy, textOf } from '@vault-swarm/provider-contract';
import { providerOf, refTo, variablesFor } from './testing/configured.ts';

// There is no emulator that can be installed: what Azure does is known from its documentation, which the fake follows.
describeProviderContract('azure, on our fake of it', {
  capabilities: {
    pins: true,
    oldRevisions: true,
    outage: true,
    hang: true,
    drip: true,
    denial: true,
    login: true,
    throttling: true,
    withdrawal: true,
    hold: true,
    locations: 'an instance has one key vault',
    checksum: 'Azure sends none',
    exactNumbers: true,
    createdAt: true,
    markers: true,
    bytes: 'Azure stores text only; bytes are stored as base64, with the label encoding',
    order: "Azure's times are whole seconds, so two versions can have the same",
    digestRevisions: 'Azure has version ids, and a write makes a new one',
    hints: 'Azure tells nobody of a change without services of its own',
  },
  async setUp() {
    const azure = await startAzureFake();
    const proxy = await startTcpProxy(azure.endpoint);
    const directory = await mkdtemp(join(tmpdir(), 'azure-contract-'));
    const secretFile = join(directory, 'secret');
    await writeFile(secretFile, `${azurePrincipal.clientSecret}\n`);
    const { AZURE_CLIENT_SECRET: _, ...variables } = variablesFor(proxy.url);
    return {
      largestValueBytes: 25_600,
      open: async (tools) => providerOf({ ...variables, AZURE_CLIENT_SECRET_FILE: secretFile }, tools),
      async write(name, payload) {
        azure.vault.write(name, textOf(payload));
      },
      delete: async (name) => azure.vault.delete(name),
      ref: (name, options = {}) => refTo(name, options),
      async tearDown() {
        await proxy.close();
        await Promise.all([azure.stop(), rm(directory, { recursive: true })]);
      },
      pins: {
        current: async (name) => azure.vault.current(name),
        missing: '0123456789abcdef0123456789abcdef',
      },
      outage: proxy.outage,
      hang: proxy.hang,
      drip: proxy.drip,
      hold: proxy.hold,
      withdrawal: {
        start: async (name) => azure.vault.change(name, { enabled: false }),
        end: async (name) => azure.vault.change(name, { enabled: true }),
      },
      throttling: disturbanceOf(() =>
        azure.disturb({ fault: { status: 429, body: { error: { code: 'Throttled' } } } }),
      ),
      denial: disturbanceByName((name) => azure.deny('read', name)),
      login: {
        start: async () => azure.accept('another'),
        end: () => writeFile(secretFile, 'another\n'),
      },
    };
  },
});
