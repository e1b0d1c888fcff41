import {
  allowHolders,
  createDatabaseRole,
  createDriverSecret,
  createService,
  firstWrite,
  type ManagerNode,
  type PluginRunner,
  type PluginSwarm,
  type Postgres,
  provokeRequests,
  runningTasks,
  serviceTasks,
  startOnSelectedEngine,
  startPostgres,
  startRaftWriteMonitor,
  tempDirectory,
  VaultAudit,
  waitFor,
} from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const DRIVER = 'lease-storm';
/** 200 take some minutes to start on a small machine. */
const TASKS = Number(process.env.STORM_TASKS || 200);
const SERVICES = 10;
const KINDS = {
  stored: ['one', 'two'],
  leased: ['user', 'password'],
} as const;
type Kind = keyof typeof KINDS;
/** By how much the store may be held longer for leased secrets: what another storm of the same kind differs by. */
const DIFFERENCE_MS = 5_000;
const STARTED_MS = 700_000;
const ELECTED_MS = 120_000;
const ASKED_MS = 180_000;
const TIMEOUT_MS = 1_500_000;

const directory = tempDirectory();
let swarm: PluginSwarm;
let postgres: Postgres;
let audit: VaultAudit;
/** Tasks that failed before the storms: an engine that starts a hundred at once sometimes can't mount their secrets. */
const failedAtStart = new Set<string>();
/** For how long each storm held the store of the Swarm at most. */
const heldMs: Record<Kind, number[]> = { stored: [], leased: [] };

const names = (kind: Kind) => Array.from({ length: SERVICES }, (_, index) => `${kind}-${index}`);
const issued = () => audit.issuedAt('database/creds/shop');

beforeAll(async () => {
  [swarm, postgres] = await Promise.all([
    startOnSelectedEngine({ dir: directory.path, driver: DRIVER }),
    startPostgres({ dir: `${directory.path}/postgres` }),
  ]);
  audit = await VaultAudit.start(swarm.vault, `${directory.path}/audit.log`);
  await createDatabaseRole(swarm.vault, { postgres, ttlS: 3_600, maxTtlS: 36_000 });
  await allowHolders(swarm.vault, { paths: ['database/creds/shop'], periodS: 3_600 });
  for (const secret of KINDS.stored) await swarm.createSecret(secret);
  const { engine } = await swarm.managers.leader();
  const labels = { vault_path: 'creds/shop', vault_mount: 'database', vault_lease: 'service' };
  await createDriverSecret(engine, { name: 'user', driver: DRIVER, labels: { ...labels, vault_field: 'username' } });
  await createDriverSecret(engine, { name: 'password', driver: DRIVER, labels });
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(await swarm.describe('leased-0').catch(String));
});

afterAll(async () => {
  await swarm?.stop();
  await postgres?.stop();
  await directory.remove();
});

async function tasksOf(engine: ManagerNode['engine'], kind: Kind): Promise<readonly string[]> {
  const tasks = await Promise.all(names(kind).map((name) => runningTasks(engine, name)));
  return tasks.flat().map(({ id }) => id);
}

async function failedTasks(engine: ManagerNode['engine'], kind: Kind): Promise<readonly string[]> {
  const known = await Promise.all(names(kind).map((name) => serviceTasks(engine, name)));
  return known.flat().flatMap(({ id, state }) => (state === 'rejected' || state === 'failed' ? [id] : []));
}

/** The leader gets no tasks, so that its loss starts none again. Resolves to the ids of the tasks. */
async function start(kind: Kind): Promise<readonly string[]> {
  const { engine, name } = await swarm.managers.leader();
  for (const node of swarm.managers.nodes) {
    const availability = node.name === name ? 'drain' : 'active';
    await engine.dockerBytes('node', 'update', '--availability', availability, node.name);
  }
  const startedAtMs = performance.now();
  const options = { replicas: TASKS / SERVICES, secrets: KINDS[kind] };
  for (const service of names(kind)) await createService(engine, { name: service, ...options });
  const tasks = await waitFor(
    async (see) => {
      const running = await tasksOf(engine, kind);
      see(`${running.length} tasks`);
      return running.length === TASKS && running;
    },
    { timeoutMs: STARTED_MS, intervalMs: 2_000, what: `${TASKS} tasks to run` },
  );
  for (const id of await failedTasks(engine, kind)) failedAtStart.add(id);
  const seconds = Math.round((performance.now() - startedAtMs) / 1_000);
  process.stderr.write(`${TASKS} tasks with ${kind} secrets ran after ${seconds} s\n`);
  return tasks;
}

/** Waits until the plugin was asked for every secret of every task again. Resolves to how it answered, by event. */
async function isAskedAgain(runner: PluginRunner, kind: Kind, tasks: readonly string[], from: number) {
  const answers = () =>
    runner
      .log()
      .slice(from)
      .filter(({ event }) => ['secret.delivered', 'lease.already-delivered', 'delivery.failed'].includes(event));
  await waitFor(
    (see) => {
      const asked = new Set(answers().map(({ task, secret }) => `${task} ${secret}`));
      see(`${asked.size} answers`);
      return tasks.every((task) => KINDS[kind].every((secret) => asked.has(`${task} ${secret}`)));
    },
    { timeoutMs: ASKED_MS, intervalMs: 1_000, what: 'every secret of every task to be requested again' },
  );
  const counts = Map.groupBy(answers(), ({ event }) => event);
  return Object.fromEntries([...counts].map(([event, entries]) => [event, entries.length]));
}

/** Another process answers on the leader: it has no value in memory. */
async function killPlugin(kind: Kind, tasks: readonly string[]): Promise<void> {
  const leading = await swarm.leadingRunner();
  const monitor = await startRaftWriteMonitor(leading.node.engine);
  const from = leading.log().length;
  await leading.plugin.kill('SIGKILL');
  await leading.start();
  const others = swarm.managers.nodes.filter((node) => node !== leading.node);
  await Promise.all(others.map(provokeRequests));
  const answers = await isAskedAgain(leading, kind, tasks, from);
  const held = monitor.longestGap();
  await monitor.stop();
  report(kind, 'plugin', held.lengthMs, answers);
}

/** Another manager leads. Its plugin has no leased value in memory. */
async function killLeader(kind: Kind, tasks: readonly string[]): Promise<void> {
  const lost = await swarm.leadingRunner();
  const logged = new Map(swarm.runners.map((runner) => [runner, runner.log().length]));
  await Promise.all([lost.node.engine.kill(), lost.plugin.kill('SIGKILL')]);
  const left = swarm.managers.nodes.filter((node) => node !== lost.node).map(({ engine }) => engine);
  const writtenAtMs = await firstWrite(left, ELECTED_MS);
  const runner = await swarm.leadingRunner();
  const monitor = await startRaftWriteMonitor(runner.node.engine);
  const toMonitorMs = Date.now() - writtenAtMs;
  const from = logged.get(runner) ?? 0;
  const answers = await isAskedAgain(runner, kind, tasks, from);
  const [first] = runner
    .log()
    .slice(from)
    .filter(({ event }) => event in answers);
  // What came before the first write was the election, but for the part in which the engine asked already.
  const held = Math.max(monitor.longestGap().lengthMs, toMonitorMs, writtenAtMs - Date.parse(String(first?.time)));
  await monitor.stop();
  report(kind, "leader's engine", held, answers);
  await lost.node.start();
  await lost.start();
}

function report(kind: Kind, what: string, lengthMs: number, answers: Readonly<Record<string, number>>): void {
  heldMs[kind].push(lengthMs);
  process.stderr.write(
    `${kind} secrets, ${what} killed: store held for ${lengthMs} ms at most; ${JSON.stringify(answers)}\n`,
  );
}

/** No task was replaced. */
async function stillRun(kind: Kind, tasks: readonly string[]): Promise<void> {
  const { engine } = await swarm.managers.leader();
  expect([...(await tasksOf(engine, kind))].sort()).toEqual([...tasks].sort());
  expect((await failedTasks(engine, kind)).filter((id) => !failedAtStart.has(id))).toEqual([]);
}

test('running tasks with leased secrets are not issued others after the leader’s plugin or engine is killed', {
  timeout: TIMEOUT_MS,
}, async () => {
  const tasks = await start('leased');
  const before = await issued();
  expect(before).toBe(SERVICES);
  await killPlugin('leased', tasks);
  expect(await issued()).toBe(before);
  await killLeader('leased', tasks);
  for (const runner of swarm.runners) await runner.passes(2);
  expect(await issued()).toBe(before);
  await stillRun('leased', tasks);
  process.stderr.write(`${before} credentials were issued for ${SERVICES} services, none after the kills\n`);
  await (await swarm.managers.leader()).engine.dockerBytes('service', 'rm', ...names('leased'));
});

test('the store of the Swarm is held no longer than for secrets of a KV engine', { timeout: TIMEOUT_MS }, async () => {
  const tasks = await start('stored');
  await killPlugin('stored', tasks);
  await killLeader('stored', tasks);
  await stillRun('stored', tasks);
  expect(Math.max(...heldMs.leased)).toBeLessThanOrEqual(Math.max(...heldMs.stored) + DIFFERENCE_MS);
});
