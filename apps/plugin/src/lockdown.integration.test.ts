import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createService, driverRequest, type PluginRunner, PluginSwarm, tempDirectory, waitFor } from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const commandLine = fileURLToPath(new URL('../../../bin/vault-swarm', import.meta.url));
const IN_TIME = 60_000;

const directory = tempDirectory();
let swarm: PluginSwarm;
let value: string;

interface Overview {
  readonly lockdown: { readonly active: boolean; readonly since: string | null };
  readonly problems: readonly { readonly code: string; readonly message: string }[];
  readonly deliveries: { readonly cached_values: number };
}

const overview = async ({ url }: PluginRunner) => (await (await fetch(`${url}/api/v1/overview`)).json()) as Overview;

/** What a manager's driver answers. */
async function ask({ plugin }: PluginRunner): Promise<string> {
  const { body } = await driverRequest(plugin.socketPath, '/SecretProvider.GetSecret', {
    SecretName: 'db',
    SecretLabels: { vault_path: 'app/db', vault_field: 'password' },
  });
  const { Value = '', Err = '' } = JSON.parse(body);
  return Err === '' ? Buffer.from(Value, 'base64').toString() : Err;
}

/** The operator's command line, towards one manager; its exit code and what it wrote. */
function run({ url }: PluginRunner, ...args: readonly string[]): Promise<string> {
  const env = { PATH: process.env.PATH, VAULT_SWARM_URL: url };
  return new Promise((resolve) => {
    execFile(commandLine, args, { env }, (error, stdout, stderr) => resolve(`${error?.code ?? 0}: ${stdout}${stderr}`));
  });
}

/** Waits until all managers heed a lockdown, or none does; resolves to how long that took. */
async function allHeed(active: boolean): Promise<number> {
  const startedAt = performance.now();
  for (const runner of swarm.runners) {
    await waitFor(
      async (see) => {
        const { lockdown } = await overview(runner);
        see(lockdown);
        return lockdown.active === active;
      },
      { timeoutMs: IN_TIME, intervalMs: 20, what: `the lockdown on ${runner.node.name} to be ${active}` },
    );
  }
  return performance.now() - startedAt;
}

const lastSource = (runner: PluginRunner) =>
  runner
    .log()
    .filter(({ event }) => event === 'secret.delivered')
    .at(-1)?.source;

beforeAll(async () => {
  swarm = await PluginSwarm.start({
    dir: directory.path,
    driver: 'lockdown-test',
    // Without a lockdown nothing would be asked for again in this test.
    env: { CACHE_MAX_AGE: '1h', VAULT_ROTATION_INTERVAL: '5s' },
  });
  value = await swarm.createSecret('db');
  const { engine } = await swarm.managers.leader();
  await createService(engine, { name: 'web', replicas: 2, secrets: ['db'] });
  await swarm.reaches('web', { secret: 'db', replicas: 2, value });
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(await swarm.describe('web'));
});

afterAll(async () => {
  await swarm?.stop();
  await directory.remove();
});

test('a lockdown that a standby was asked for is heeded on all managers, and drops their values', async () => {
  const leading = await swarm.leadingRunner();
  const standby = swarm.runners.find((runner) => runner !== leading) ?? leading;
  for (const runner of swarm.runners) {
    expect([await ask(runner), await ask(runner)]).toEqual([value, value]);
    expect(lastSource(runner)).toBe('cache');
  }
  expect(await run(standby, 'lockdown')).toMatch(/^0: A lockdown is active since /);
  process.stderr.write(`heeded by all after ${Math.round(await allHeed(true))} ms\n`);
  for (const runner of swarm.runners) {
    expect([await ask(runner), await ask(runner)]).toEqual([value, value]);
    expect(lastSource(runner)).toBe('provider');
    const { problems, deliveries } = await overview(runner);
    expect(deliveries.cached_values).toBe(0);
    expect(problems).toMatchObject([
      {
        code: 'LOCKDOWN_ACTIVE',
        message: expect.stringMatching(/^A lockdown is active: since /),
        action: 'End it: vault-swarm lockdown --release',
      },
    ]);
    expect(await (await fetch(`${runner.url}/api/metrics`)).text()).toContain('vault_swarm_plugin_lockdown 1');
  }
  expect(await run(leading, 'status')).toMatch(
    /^1: (?:Locked down|A lockdown is active)\.\n.*\n\s+1\. A lockdown is active/,
  );
});

test('it persists after a restart of all processes', async () => {
  const { lockdown } = await overview(await swarm.leadingRunner());
  for (const runner of swarm.runners) await runner.restart();
  await allHeed(true);
  for (const runner of swarm.runners) {
    expect((await overview(runner)).lockdown).toEqual(lockdown);
    await ask(runner);
    expect((await overview(runner)).deliveries.cached_values).toBe(0);
  }
});

test('no rotation starts by itself, and one that an operator asks for does', async () => {
  const before = await swarm.generation('web');
  value = await swarm.write('db');
  const leading = await swarm.leadingRunner();
  await leading.passes(3);
  expect(await swarm.generation('web')).toBe(before);
  expect((await run(leading, 'plan')).replaceAll(/\s+/g, ' ')).toContain(
    'waits for the lockdown to end, or a manual rotation',
  );
  expect(await run(leading, 'rotate', '--service', 'web', '--yes')).toMatch(/^0: /);
  await swarm.reaches('web', { secret: 'db', replicas: 2, value });
  expect(await swarm.generation('web')).toBe(before + 1);
});

test('without the provider nothing is given, and after the release values are cached again', async () => {
  await swarm.vault.kill();
  for (const runner of swarm.runners) expect(await ask(runner)).toMatch(/\[(UNAVAILABLE|DEADLINE)\]$/);
  await swarm.startVaultAgain();
  await swarm.write('db', value);
  await waitFor(async () => (await ask(await swarm.leadingRunner())) === value, { timeoutMs: IN_TIME, what: 'Vault' });
  expect(await run(await swarm.leadingRunner(), 'lockdown', '--release')).toMatch(/^0: The lockdown ended/);
  await allHeed(false);
  for (const runner of swarm.runners) {
    await waitFor(
      async () => {
        await ask(runner);
        return lastSource(runner) === 'cache';
      },
      { timeoutMs: IN_TIME, what: `a value in memory on ${runner.node.name}` },
    );
  }
});
