import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import {
  createDriverSecret,
  createService,
  freePort,
  type OwnEngine,
  type PluginProcess,
  type Prometheus,
  promtool,
  startPlugin,
  startPrometheus,
  startSwarm,
  startVault,
  tempDirectory,
  type Vault,
  waitFor,
  waitForTaskValues,
} from '@vault-swarm/lab';
import { fillIn, openDocument } from '@vault-swarm/lab/documents';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dashboardQueries } from './testing/dashboard-queries.ts';

const DRIVER = 'monitoring-test';
const TOKEN = 'token-of-the-monitoring-test';
const IN_TIME = 60_000;
const shipped = resolve(import.meta.dirname, '../../../docker/monitoring');
const guide = openDocument('docs/monitoring.md', import.meta.filename);

const directory = tempDirectory();
let engine: OwnEngine;
let vault: Vault;
let plugin: PluginProcess;
let prometheus: Prometheus;
let port: number;

const write = (value: string) => vault.request('POST', 'secret/data/app/db', { data: { password: value } });

const reaches = (value: string) =>
  waitForTaskValues(engine, { service: 'web', secret: 'db', replicas: 2, value, timeoutMs: IN_TIME });

async function shows(expression: string): Promise<void> {
  await waitFor(
    async (see) => {
      const series = await prometheus.query(expression);
      see(series);
      return series.length > 0;
    },
    { timeoutMs: IN_TIME, intervalMs: 200, what: expression },
  );
}

const scrape = async (accept: string) => {
  const headers = { Authorization: `Bearer ${TOKEN}`, Accept: accept };
  return (await fetch(`http://127.0.0.1:${port}/api/metrics`, { headers })).text();
};

/** The configuration that is shipped, for the plugin of this test. */
async function configuration(dir: string): Promise<string> {
  await copyFile(join(shipped, 'alerts.yml'), join(dir, 'alerts.yml'));
  await writeFile(join(dir, 'token'), TOKEN);
  return (await readFile(join(shipped, 'prometheus.yml'), 'utf8'))
    .replaceAll('15s', '1s')
    .replace(/credentials_file: .*/, `credentials_file: ${join(dir, 'token')}`)
    .replace(/( *- )manager-1:8080\n *- manager-2:8080\n *- manager-3:8080/, `$1127.0.0.1:${port}`);
}

beforeAll(async () => {
  [engine, vault, port] = await Promise.all([
    startSwarm({ dir: join(directory.path, 'engine') }),
    startVault({ dir: join(directory.path, 'vault') }),
    freePort(),
  ]);
  const made = await vault.request('POST', 'auth/token/create', { policies: ['root'], ttl: '2h' });
  const token = (made.body as { auth: { client_token: string } }).auth.client_token;
  plugin = await startPlugin({
    dir: join(directory.path, 'plugin'),
    env: {
      PLUGIN_NAME: DRIVER,
      DOCKER_HOST: engine.host,
      SECRETS_PROVIDER: 'vault',
      VAULT_ADDR: vault.addr,
      VAULT_TOKEN: token,
      VAULT_ROTATION_INTERVAL: '1s',
      MONITORING_PORT: String(port),
      MONITORING_TOKEN: TOKEN,
    },
  });
  await plugin.waitReady();
  const dir = join(directory.path, 'prometheus');
  await mkdir(dir);
  prometheus = await startPrometheus({ dir, config: await configuration(dir) });
  await write('first');
  await createDriverSecret(engine, {
    name: 'db',
    driver: DRIVER,
    labels: { vault_path: 'app/db', vault_field: 'password' },
  });
  await createService(engine, { name: 'web', replicas: 2, secrets: ['db'] });
  await reaches('first');
  await shows('vault_swarm_plugin_service_running_tasks == 2');
  await write('second');
  await reaches('second');
  await shows('vault_swarm_plugin_secret_rotations_total == 1');
  // What is a rate needs the scrapes before and after.
  await shows('rate(vault_swarm_plugin_secret_rotations_total[5m]) > 0');
});

afterAll(async () => {
  await prometheus?.stop();
  await plugin?.kill();
  await vault?.stop();
  await engine?.stop();
  await directory.remove();
});

describe('a real Prometheus that scrapes the plugin as shipped', () => {
  test('takes every sample, as OpenMetrics', async () => {
    expect(await prometheus.query('up{job="vault-swarm-plugin"}')).toMatchObject([{ value: 1 }]);
    const lines = (await scrape('application/openmetrics-text;version=1.0.0')).trimEnd().split('\n');
    expect(lines.at(-1)).toBe('# EOF');
    const samples = lines.filter((line) => !line.startsWith('#')).length;
    await shows(`scrape_samples_scraped == ${samples}`);
  });

  test('sees that a change was made at the provider before it was seen, and so how long it took in all', async () => {
    await shows('vault_swarm_plugin_rotation_delay_seconds_sum > vault_swarm_plugin_rollout_duration_seconds_sum > 0');
  });

  test('answers the queries of the guide', async () => {
    const queries = Array.from({ length: 7 }, () => guide.take('Queries to start with', 'promql').trimEnd());
    expect(queries).toEqual(
      expect.arrayContaining([
        'vault_swarm_plugin_memory_bytes{type="alloc"}',
        'vault_swarm_plugin_goroutines',
        'rate(vault_swarm_plugin_secret_rotations_total[5m])',
        '100 * vault_swarm_plugin_rotation_errors_total / vault_swarm_plugin_secret_rotations_total',
      ]),
    );
    for (const query of queries) await shows(query);
  });

  test('answers every query of the dashboard', async () => {
    const dashboard = JSON.parse(await readFile(join(shipped, 'grafana-dashboard.json'), 'utf8'));
    const queries = dashboardQueries(dashboard, { job: 'vault-swarm-plugin', instance: '.*', range: '5m' });
    expect(queries.length).toBeGreaterThan(40);
    const empty: string[] = [];
    for (const query of queries) if ((await prometheus.query(query)).length === 0) empty.push(query);
    expect(empty).toEqual([]);
  });

  test('loads every alert, and none fires while all is well', async () => {
    await waitFor(async () => (await prometheus.rules()).every(({ health }) => health === 'ok'), {
      timeoutMs: IN_TIME,
      what: 'all alerts to be evaluated',
    });
    const rules = await prometheus.rules();
    expect(rules.length).toBeGreaterThan(15);
    expect(rules.filter(({ state }) => state === 'firing').map(({ name }) => name)).toEqual([]);
  });
});

describe('promtool', () => {
  test('has nothing to say about the metrics', async () => {
    const plain = await scrape('text/plain');
    expect(await promtool(['check', 'metrics'], { cwd: directory.path, input: plain })).toEqual({
      code: 0,
      output: '',
    });
    // It does not know how OpenMetrics declares counters, and all else is the same.
    const open = (await scrape('application/openmetrics-text')).replace(
      /^# HELP (\S+) (.*)\n# TYPE \S+ counter$/gm,
      '# HELP $1_total $2\n# TYPE $1_total counter',
    );
    expect(await promtool(['check', 'metrics'], { cwd: directory.path, input: open })).toEqual({ code: 0, output: '' });
  });

  test('takes the configuration, and sees each alert fire and stop', async () => {
    const checked = await promtool(['check', 'config', '--syntax-only', 'prometheus.yml'], { cwd: shipped });
    expect(checked).toMatchObject({ code: 0, output: expect.stringContaining('SUCCESS') });
    expect(await promtool(['check', 'rules', 'alerts.yml'], { cwd: shipped })).toMatchObject({ code: 0 });
    expect(await promtool(['test', 'rules', 'alerts.test.yml'], { cwd: shipped })).toMatchObject({ code: 0 });
  });
});

test('Swarm takes the stack of Prometheus and Grafana', async () => {
  const token = join(directory.path, 'prometheus/token');
  const commands = fillIn(guide.take('Prometheus and Grafana', 'sh'), {
    './view-token': token,
    './grafana-password': token,
    'stack deploy': 'stack deploy --resolve-image never',
    'docker/monitoring/': `${shipped}/`,
  });
  const env = { PATH: process.env.PATH, HOME: directory.path, DOCKER_HOST: engine.host };
  await promisify(execFile)('sh', ['-ec', commands], { env });
  const listed = await engine.docker('stack', 'services', '--format', '{{.Name}}', 'monitoring');
  expect(listed.stdout.trim().split('\n').sort()).toEqual(['monitoring_grafana', 'monitoring_prometheus']);
  expect(guide.left()).toEqual([]);
});
