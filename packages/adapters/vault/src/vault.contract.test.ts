import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseExactJson } from '@vault-swarm/provider';
import { describeProviderContract, type HarnessCore, type Operations } from '@vault-swarm/provider-contract';
import { afterAll, beforeAll } from 'vitest';
import { providerOf } from './testing/configured.ts';
import { type RealVault, startRealVault } from './testing/real-vault.ts';
import { startRelay } from './testing/relay.ts';
import type { VaultAdmin } from './testing/vault-admin.ts';

let vault: RealVault;
let admin: VaultAdmin;
let made = 0;

beforeAll(async () => {
  vault = await startRealVault();
  ({ admin } = vault);
});
afterAll(() => vault?.stop());

type VaultHarness = HarnessCore & Pick<Operations, 'outage' | 'hang' | 'denial' | 'login' | 'throttling'>;

/** A mount of its own, and a token in a file whose policy allows just that mount; a relay stands before Vault. */
async function harnessOn(version: '1' | '2'): Promise<VaultHarness> {
  const mount = `kv${version}-${++made}`;
  const folder = await mkdtemp(join(tmpdir(), 'vault-contract-'));
  const tokenFile = join(folder, 'token');
  const relay = await startRelay(vault.address);
  const allowed = `path "${mount}/*" { capabilities = ["read"] }\n`;
  await admin.mount(mount, version);
  await admin.policy(mount, allowed);
  let token = '';
  const newToken = async () => {
    token = await admin.token(mount);
    await writeFile(tokenFile, `${token}\n`);
  };
  await newToken();
  const at = (name: string, part: 'data' | 'metadata') => `${mount}/${version === '2' ? `${part}/` : ''}app/${name}`;
  return {
    largestValueBytes: 511_999,
    open: async () => providerOf({ VAULT_ADDR: relay.address, VAULT_TOKEN_FILE: tokenFile }),
    async write(name, payload) {
      const fields = 'text' in payload ? { value: payload.text } : payload.fields;
      await admin.send('POST', at(name, 'data'), version === '2' ? { data: fields } : fields);
    },
    async delete(name) {
      await admin.send('DELETE', at(name, 'metadata'));
    },
    ref: (name, options = {}) => ({
      provider: 'vault',
      location: { mount, path: `app/${name}` },
      encoding: 'raw',
      ...options,
    }),
    outage: { begin: relay.cut, end: relay.mend },
    hang: { begin: relay.swallow, end: relay.mend },
    denial: {
      begin: (name) => admin.policy(mount, `${allowed}path "${at(name, 'data')}" { capabilities = ["deny"] }`),
      end: () => admin.policy(mount, allowed),
    },
    login: { begin: () => admin.revoke(token), end: newToken },
    throttling: {
      async begin() {
        const quota = { path: `${mount}/`, rate: parseExactJson('0.001'), interval: '1h' };
        await admin.send('POST', `sys/quotas/rate-limit/${mount}`, quota);
        // The quota allows one request; this is it.
        await admin.send('GET', at('value', 'data'));
      },
      end: () => admin.send('DELETE', `sys/quotas/rate-limit/${mount}`).then(() => {}),
    },
    async tearDown() {
      await relay.close();
      await admin.unmount(mount);
      await rm(folder, { recursive: true });
    },
  };
}

const bytes = 'values in Vault are JSON, bytes stand in it as base64';
const hints = "Vault's open edition tells nobody of a change";

describeProviderContract('vault with KV v2', {
  capabilities: {
    bytes,
    hints,
    exactNumbers: 'KV v2 itself rounds long numbers when they are written',
    digestRevisions: 'KV v2 has version numbers, and a write makes a new one',
    pins: true,
    oldRevisions: true,
    outage: true,
    hang: true,
    denial: true,
    login: true,
    throttling: true,
    createdAt: true,
    markers: true,
  },
  async setUp() {
    const harness = await harnessOn('2');
    const current = async (name: string) => {
      const { mount, path } = harness.ref(name).location;
      const { current_version: version } = await admin.send('GET', `${mount}/metadata/${path}`);
      return String(version);
    };
    return { ...harness, pins: { current, missing: '999' } };
  },
});

describeProviderContract('vault with KV v1', {
  capabilities: {
    bytes,
    hints,
    exactNumbers: true,
    digestRevisions: true,
    pins: 'KV v1 keeps no versions',
    oldRevisions: 'KV v1 keeps no versions',
    outage: true,
    hang: true,
    denial: true,
    login: true,
    throttling: true,
    createdAt: 'KV v1 keeps no times',
    markers: 'KV v1 has nothing that tells a change but the value',
  },
  setUp: () => harnessOn('1'),
});
