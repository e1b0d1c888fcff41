import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Variables } from '@vault-swarm/lab/variables';
import { parseLosslessJson } from '@vault-swarm/provider';
import {
  describeProviderContract,
  type HarnessCore,
  type Operations,
  type StoredPayload,
  startTcpProxy,
} from '@vault-swarm/provider-contract';
import { afterAll, beforeAll } from 'vitest';
import { providerOf } from './testing/configured.ts';
import { type RealVault, startRealOpenBao, startRealVault } from './testing/real-vault.ts';
import type { VaultAdmin } from './testing/vault-admin.ts';

/** A server with a number for each mount, so that no two checks meet. */
interface Server {
  readonly kind: 'vault' | 'openbao';
  real: RealVault;
  made: number;
}

const vault = { kind: 'vault', made: 0 } as Server;
const openbao = { kind: 'openbao', made: 0 } as Server;

beforeAll(async () => {
  [vault.real, openbao.real] = await Promise.all([startRealVault(), startRealOpenBao()]);
  for (const { admin } of [vault.real, openbao.real]) await admin.send('POST', 'sys/auth/approle', { type: 'approle' });
});
afterAll(async () => {
  await vault.real?.stop();
  await openbao.real?.stop();
});

type VaultHarness = HarnessCore &
  Pick<Operations, 'outage' | 'hang' | 'drip' | 'hold' | 'denial' | 'login' | 'throttling' | 'locations'>;

/** Our login, in a file: the settings for it, and how it is ended and replaced. */
interface Login {
  readonly variables: Variables;
  end(): Promise<void>;
  replace(): Promise<void>;
}

type LogIn = (admin: VaultAdmin, policy: string, file: string) => Promise<Login>;

const byToken: LogIn = async (admin, policy, file) => {
  let token = '';
  const replace = async () => {
    token = await admin.token(policy);
    await writeFile(file, `${token}\n`);
  };
  await replace();
  return { variables: { TOKEN_FILE: file }, replace, end: () => admin.revoke(token) };
};

const byAppRole: LogIn = async (admin, policy, file) => {
  const { roleId, secretId } = await admin.appRole(policy, [policy]);
  await writeFile(file, secretId);
  return {
    variables: { AUTH_METHOD: 'approle', ROLE_ID: roleId, SECRET_ID_FILE: file },
    replace: async () => writeFile(file, await admin.secretId(policy)),
    async end() {
      const secretId = await readFile(file, 'utf8');
      await admin.send('POST', `auth/approle/role/${policy}/secret-id/destroy`, { secret_id: secretId });
      await admin.send('POST', 'sys/leases/revoke-prefix/auth/approle');
    },
  };
};

/** A mount of its own, and a login whose policy allows just that mount; a proxy stands before the server. */
async function harnessOn(server: Server, version: '1' | '2', logIn: LogIn): Promise<VaultHarness> {
  const { kind, real } = server;
  const { admin } = real;
  const mount = `kv${version}-${++server.made}`;
  const directory = await mkdtemp(join(tmpdir(), 'vault-contract-'));
  const proxy = await startTcpProxy(real.address);
  const otherMount = `${mount}-other`;
  const allowed = [mount, otherMount].map((path) => `path "${path}/*" { capabilities = ["read"] }\n`).join('');
  await admin.mount(mount, version);
  await admin.mount(otherMount, version);
  await admin.policy(mount, allowed);
  const login = await logIn(admin, mount, join(directory, 'credential'));
  const settings = Object.entries({ ADDR: proxy.url, ...login.variables });
  const variables = Object.fromEntries(settings.map(([name, value]) => [`${kind.toUpperCase()}_${name}`, value]));
  const at = (name: string, part: 'data' | 'metadata', under = mount) =>
    `${under}/${version === '2' ? `${part}/` : ''}app/${name}`;
  const write = async (under: string, name: string, payload: StoredPayload) => {
    const fields = 'text' in payload ? { value: payload.text } : payload.fields;
    await admin.send('POST', at(name, 'data', under), version === '2' ? { data: fields } : fields);
  };
  return {
    largestValueBytes: 511_999,
    open: async ({ clock, events }) => providerOf(variables, clock, events),
    write: (name, payload) => write(mount, name, payload),
    async delete(name) {
      await admin.send('DELETE', at(name, 'metadata'));
    },
    ref: (name, options = {}) => ({
      provider: kind,
      location: { mount, path: `app/${name}` },
      encoding: 'raw',
      ...options,
    }),
    outage: proxy.outage,
    hang: proxy.hang,
    drip: proxy.drip,
    hold: proxy.hold,
    locations: {
      write: (name, payload) => write(otherMount, name, payload),
      ref: (name) => ({ provider: kind, location: { mount: otherMount, path: `app/${name}` }, encoding: 'raw' }),
    },
    denial: {
      start: (name) => admin.policy(mount, `${allowed}path "${at(name, 'data')}" { capabilities = ["deny"] }`),
      end: () => admin.policy(mount, allowed),
    },
    login: { start: login.end, end: login.replace },
    throttling: {
      async start() {
        const quota = { path: `${mount}/`, rate: parseLosslessJson('0.001'), interval: '1h' };
        await admin.send('POST', `sys/quotas/rate-limit/${mount}`, quota);
        // The quota allows one request; this is it.
        await admin.send('GET', at('value', 'data'));
      },
      end: () => admin.send('DELETE', `sys/quotas/rate-limit/${mount}`).then(() => {}),
    },
    async tearDown() {
      await proxy.close();
      await admin.unmount(mount);
      await admin.unmount(otherMount);
      await rm(directory, { recursive: true });
    },
  };
}

/** The same, with the versions that KV v2 keeps. */
async function versionedHarnessOn(
  server: Server,
  logIn: LogIn,
): Promise<VaultHarness & Pick<Operations, 'pins' | 'withdrawal'>> {
  const harness = await harnessOn(server, '2', logIn);
  const current = async (name: string) => {
    const { mount, path } = harness.ref(name).location;
    const { current_version: version } = await server.real.admin.send('GET', `${mount}/metadata/${path}`);
    return String(version);
  };
  const change = async (name: string, action: 'delete' | 'undelete') => {
    const { mount, path } = harness.ref(name).location;
    await server.real.admin.send('POST', `${mount}/${action}/${path}`, {
      versions: [parseLosslessJson(await current(name))],
    });
  };
  return {
    ...harness,
    pins: { current, missing: '999' },
    withdrawal: { start: (name) => change(name, 'delete'), end: (name) => change(name, 'undelete') },
  };
}

const bytes = 'values in Vault are JSON, bytes are in it as base64';
const checksum = 'Vault sends none';
const hints = "Vault's open edition tells nobody of a change";

const ofVersion2 = {
  bytes,
  hints,
  exactNumbers: 'KV v2 itself rounds long numbers when they are written',
  digestRevisions: 'KV v2 has version numbers, and a write makes a new one',
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
  checksum,
  createdAt: true,
  markers: true,
} as const;

describeProviderContract('vault with KV v2, by token', {
  capabilities: ofVersion2,
  setUp: () => versionedHarnessOn(vault, byToken),
});

describeProviderContract('openbao with KV v2, by AppRole', {
  capabilities: ofVersion2,
  setUp: () => versionedHarnessOn(openbao, byAppRole),
});

describeProviderContract('vault with KV v1, by AppRole', {
  capabilities: {
    bytes,
    hints,
    exactNumbers: true,
    digestRevisions: true,
    pins: 'KV v1 keeps no versions',
    oldRevisions: 'KV v1 keeps no versions',
    order: 'KV v1 counts no versions',
    outage: true,
    hang: true,
    drip: true,
    denial: true,
    login: true,
    throttling: true,
    withdrawal: 'KV v1 keeps no versions',
    hold: true,
    locations: true,
    checksum,
    createdAt: 'KV v1 keeps no times',
    markers: 'KV v1 has nothing that tells a change but the value',
  },
  setUp: () => harnessOn(vault, '1', byAppRole),
});
