import { join } from 'node:path';
import {
  driverRequest,
  freePort,
  type PluginProcess,
  startOpenBao,
  startPlugin,
  startVault,
  startVaultProxy,
  tempDirectory,
  type Vault,
  type VaultFault,
  type VaultProxy,
  waitFor,
} from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

const IN_TIME = 30_000;

const answer = (status: number, body: unknown): VaultFault => ({ kind: 'status', status, body });
const errors = (...texts: string[]) => ({ errors: texts });

/** What passes, or proves nothing about a secret: so the last good value is served, and it is not forgotten. */
const LIES: readonly (readonly [what: string, fault: VaultFault])[] = [
  ['a standby', answer(400, errors('failed to persist lease entry: cannot write to readonly storage'))],
  ['a secondary for disasters', answer(400, errors('path disabled in replication DR secondary mode'))],
  ['a standby without a leader', answer(500, errors('local node not active but active cluster node not found'))],
  ['a lagging standby', answer(412, errors('required index state not present'))],
  ['a sealed server', answer(503, errors('Vault is sealed'))],
  ['a load balancer without servers', answer(404, '404 page not found')],
  ['a firewall', answer(403, '<html>Forbidden</html>')],
  ['a server in unknown words', answer(400, errors('something that nobody knows'))],
  ['a proxy with a page of its own', answer(200, { status: 'maintenance' })],
  ['a flood of fields', answer(200, { data: { data: Array(60_000).fill({}), metadata: { version: 9 } } })],
  ['a flood of reasons', answer(403, { errors: Array(60_000).fill('permission denied') })],
  ['nobody: the connection is reset', { kind: 'cut' }],
];
/** Those of which one is repeated. */
const PASSING = LIES.filter(([what]) => !/unknown words|page of its own|flood/.test(what));

const directory = tempDirectory();
afterAll(() => directory.remove());

describe.for([
  ['vault', startVault],
  ['openbao', startOpenBao],
] as const)('a plugin whose %s answers badly', ([kind, startServer]) => {
  let vault: Vault;
  let proxy: VaultProxy;
  let plugin: PluginProcess;
  let port: number;

  beforeAll(async () => {
    vault = await startServer({ dir: join(directory.path, kind) });
    proxy = await startVaultProxy(vault.addr);
    await vault.request('POST', 'secret/data/app', { data: { value: 'good' } });
    port = await freePort();
    const prefix = kind.toUpperCase();
    plugin = await startPlugin({
      dir: join(directory.path, `plugin-${kind}`),
      env: {
        PLUGIN_NAME: `bad-${kind}`,
        DOCKER_HOST: `unix://${join(directory.path, 'no-docker.sock')}`,
        ENABLE_ROTATION: 'false',
        SECRETS_PROVIDER: kind,
        [`${prefix}_ADDR`]: proxy.addr,
        [`${prefix}_TOKEN`]: vault.rootToken,
        CACHE_MAX_AGE: '0s',
        MONITORING_PORT: String(port),
      },
    });
    await plugin.waitReady();
  });
  afterEach(async () => {
    await proxy.setFaults();
  });
  afterAll(async () => {
    await plugin?.kill();
    await proxy?.close();
    await vault?.stop();
  });

  const ask = async (path = 'app') => {
    const labels = { [`${kind}_path`]: path };
    const request = { SecretName: 'db', SecretLabels: labels, ServiceName: 'web' };
    const { body } = await driverRequest(plugin.socketPath, '/SecretProvider.GetSecret', request);
    const { Value, Err } = JSON.parse(body) as { readonly Value?: string; readonly Err?: string };
    return Value === undefined || Value === '' ? (Err ?? '') : Buffer.from(Value, 'base64').toString();
  };
  const metric = async (pattern: RegExp) => {
    const text = await (await fetch(`http://127.0.0.1:${port}/api/metrics`)).text();
    return text.split('\n').filter((line) => pattern.test(line));
  };
  const countOf = (lines: readonly string[]) =>
    lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  const served = async (source: string) =>
    countOf(await metric(new RegExp(`^vault_swarm_plugin_getsecret_duration_seconds_count\\{outcome="${source}"`)));
  /** Waits until the value comes from the provider again, whatever the plugin thought of it. */
  const isAsked = () =>
    waitFor(
      async () => {
        const before = await served('provider');
        return (await ask()) === 'good' && (await served('provider')) > before;
      },
      { timeoutMs: IN_TIME, what: 'the provider to be asked again' },
    );

  test.for(PASSING)('asks again once, and nothing shows, after one answer of %s', async ([, fault]) => {
    await isAsked();
    const before = await served('provider');
    await proxy.setFaults({ ...fault, match: { path: /^secret\/data\// }, times: 1 });
    expect(await ask()).toBe('good');
    expect(await served('provider')).toBe(before + 1);
    expect(await metric(/provider_up\{.*\} 0$|provider_circuit_breaker_open\{.*\} 1$/)).toEqual([]);
    expect(countOf(await metric(/^vault_swarm_plugin_provider_outages_total/))).toBe(0);
  });

  test.for(LIES)('serves the last good value while all answers are those of %s, and keeps it', async ([, fault]) => {
    await isAsked();
    await proxy.setFaults({ ...fault, match: { path: /^secret\/data\// } });
    for (let turn = 0; turn < 3; turn++) expect(await ask()).toBe('good');
    await proxy.setFaults({ kind: 'cut' });
    expect(await ask()).toBe('good');
  });

  test('drops the value when Vault itself says that it is gone', async () => {
    await vault.request('POST', 'secret/data/gone', { data: { value: 'good' } });
    expect(await ask('gone')).toBe('good');
    await vault.request('DELETE', 'secret/metadata/gone');
    expect(await ask('gone')).toContain('NOT_FOUND');
    await proxy.setFaults({ kind: 'cut' });
    expect(await ask('gone')).not.toBe('good');
  });
});
