import { execFile } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createService, type PluginRunner, PluginSwarm, tempDirectory, waitFor } from '@vault-swarm/lab';
import { openDocument } from '@vault-swarm/lab/documents';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

// The next poll comes long after the end of the test.
const INTERVAL = '10m';
const REPLICAS = 3;
const directory = tempDirectory();
const KEY = randomBytes(32);
const BEARER = 'a-bearer-token-of-a-pipeline';
let swarm: PluginSwarm;
let messages = 0;

const reaches = (value: string) => swarm.reaches('web', { secret: 'shared', replicas: REPLICAS, value });

beforeAll(async () => {
  const [standard, bearer, config] = ['standard', 'bearer', 'config.yaml'].map((name) => join(directory.path, name));
  if (standard === undefined || bearer === undefined || config === undefined) throw new Error('three files');
  await writeFile(standard, `whsec_${KEY.toString('base64')}\n`, { mode: 0o600 });
  await writeFile(bearer, `${BEARER}\n`, { mode: 0o600 });
  await writeFile(
    config,
    `hooks:
  - {name: audit, provider: vault, kind: standard, secret_file: ${standard}}
  - {name: pipeline, provider: vault, kind: bearer, secret_file: ${bearer}}
`,
  );
  const env = { VAULT_ROTATION_INTERVAL: INTERVAL, CONFIG_FILE: config, MONITORING_TOKEN: 'a-token-of-an-operator' };
  swarm = await PluginSwarm.start({ dir: directory.path, driver: 'hooks-test', env });
  const value = await swarm.createSecret('shared');
  const { engine } = await swarm.managers.leader();
  await createService(engine, { name: 'web', replicas: REPLICAS, secrets: ['shared'] });
  await reaches(value);
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(await swarm.describe('web'));
});

afterAll(async () => {
  await swarm?.stop();
  await directory.remove();
});

interface Message {
  readonly id: string;
  readonly atMs: number;
  readonly body: string;
  readonly key: Buffer;
}

/** A signed message, as a sender that shares no code with the plugin makes it. */
function message(given: Partial<Message> = {}): RequestInit {
  messages += 1;
  const { id, atMs, body, key }: Message = {
    ...{ id: `msg_${messages}`, atMs: Date.now(), body: '{"type":"secret.changed"}', key: KEY },
    ...given,
  };
  const timestamp = String(Math.floor(atMs / 1_000));
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
  return { method: 'POST', headers, body };
}

async function post(runner: PluginRunner, name: string, request: RequestInit): Promise<number> {
  return (await fetch(`${runner.url}/api/v1/hooks/${name}`, request)).status;
}

/** The requests of all plugins to Vault for changes. */
function probes() {
  const entries = swarm.runners.flatMap((runner) => runner.log());
  return entries.filter(({ event, operation }) => event === 'provider.request-completed' && operation === 'probe');
}

/** Waits until the second poll of each accepted hook, five seconds after the first, is over. */
async function quiet(): Promise<void> {
  await waitFor(async () => probes().every(({ time }) => Date.now() - Date.parse(String(time)) > 8_000), {
    timeoutMs: 60_000,
    what: 'the last poll to be over',
  });
}

/** A change of the Swarm, after which every plugin reconciles: it would pass a hint on. */
async function reconcile(): Promise<void> {
  const { engine } = await swarm.managers.leader();
  messages += 1;
  const before = swarm.runners.map((runner) => runner.logged('reconcile.completed'));
  await engine.api('POST', '/configs/create', { Name: `unrelated-${messages}`, Data: 'AAAA' });
  await waitFor(
    async () => swarm.runners.every((runner, index) => runner.logged('reconcile.completed') > (before[index] ?? 0)),
    { timeoutMs: 60_000, what: 'a pass of every plugin' },
  );
}

async function standby(): Promise<PluginRunner> {
  const leading = await swarm.leadingRunner();
  return swarm.runners.find((runner) => runner !== leading) ?? leading;
}

test.each([
  ['the leader', () => swarm.leadingRunner()],
  ['a standby', standby],
])('a hook to %s rolls the service long before the next poll', async (who, choose) => {
  const runner = await choose();
  const generation = await swarm.generation('web');
  const { engine } = await swarm.managers.leader();
  const before = new Set((await swarm.held('web', 'shared')).map(({ task }) => task));
  const ownStartMs = performance.now();
  await engine.dockerBytes('service', 'update', '--force', '--detach', 'web');
  const isUpdated = async () => {
    const tasks = await swarm.held('web', 'shared');
    return tasks.length === REPLICAS && tasks.every(({ task }) => !before.has(task));
  };
  await waitFor(isUpdated, { timeoutMs: 60_000, what: "Swarm's own update of every task" });
  process.stderr.write(`Swarm's own update → last task: ${Math.round(performance.now() - ownStartMs)} ms\n`);
  await swarm.isSettled('web');
  const value = await swarm.write('shared');
  const startedAtMs = performance.now();
  expect(await post(runner, 'audit', message())).toBe(202);
  await reaches(value);
  process.stderr.write(`hook to ${who} → last task: ${Math.round(performance.now() - startedAtMs)} ms\n`);
  expect(await swarm.generation('web')).toBe(generation + 2);
  await swarm.isSettled('web');
  await waitFor(async () => !(await swarm.ledger()).includes('"hints"'), {
    timeoutMs: 60_000,
    what: 'a ledger without hints',
  });
});

test('replayed, forged, old, oversized and unsigned requests are rejected, and no poll follows', async () => {
  const runner = await standby();
  const value = (await swarm.held('web', 'shared'))[0]?.value;
  const once = message();
  const polled = probes().length;
  expect(await post(runner, 'audit', once)).toBe(202);
  await waitFor(() => probes().length > polled, { timeoutMs: 60_000, what: 'the poll after the accepted one' });
  await quiet();
  await swarm.write('shared');
  const bad: readonly [string, string, RequestInit, number][] = [
    ['replayed', 'audit', once, 401],
    ['forged', 'audit', message({ key: randomBytes(32) }), 401],
    ['changed', 'audit', { ...message(), body: '{}' }, 401],
    ['old', 'audit', message({ atMs: Date.now() - 301_000 }), 401],
    ['unsigned', 'audit', { method: 'POST', body: '{}' }, 401],
    [
      'with the operator’s token',
      'pipeline',
      { method: 'POST', headers: { Authorization: 'Bearer a-token-of-an-operator' } },
      401,
    ],
    ['oversized', 'audit', message({ body: 'x'.repeat(300_000) }), 413],
    ['unknown', 'other', message(), 404],
  ];
  const before = probes().length;
  // The hint of the accepted one stays until the leader's next write.
  const ledger = await swarm.ledger();
  for (const [what, name, request, status] of bad) expect(await post(runner, name, request), what).toBe(status);
  await reconcile();
  await reconcile();
  expect(probes().length).toBe(before);
  expect((await swarm.held('web', 'shared')).map((held) => held.value)).toEqual(Array(REPLICAS).fill(value));
  expect(await swarm.ledger()).toBe(ledger);
});

test('the command of the guide works', async () => {
  const guide = openDocument('docs/guides/hooks.md', import.meta.filename);
  const runner = await swarm.leadingRunner();
  const env = { ...process.env, PLUGIN_URL: runner.url, HOOK_SECRET_FILE: join(directory.path, 'bearer') };
  await promisify(execFile)('bash', ['-ec', guide.take('A script or a pipeline', 'sh')], { env });
  const value = (await swarm.vault.request('GET', 'secret/data/app/shared')).text;
  await reaches(JSON.parse(value).data.data.password);
  expect(guide.left()).toEqual([]);
});
