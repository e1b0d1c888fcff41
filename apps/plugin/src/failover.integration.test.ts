import { join } from 'node:path';
import {
  createDriverSecret,
  createService,
  freePort,
  type ManagerNode,
  type Managers,
  type PluginProcess,
  readSecret,
  runningTasks,
  serviceTasks,
  startManagers,
  startPlugin,
  startVault,
  tempFolder,
  type Vault,
  waitFor,
} from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const DRIVER = 'failover-test';
const REPLICAS = 4;
const IN_TIME = 60_000;
/** An election, the time that Swarm gives a dead node, and the rest of a rolling update. */
const AFTER_FAILOVER = 120_000;

/** A manager's plugin, of which there may be several one after the other. */
interface Seat {
  readonly node: ManagerNode;
  readonly port: number;
  plugin: PluginProcess;
}

const folder = tempFolder();
let managers: Managers;
let vault: Vault;
let seats: Seat[] = [];

async function startOn(node: ManagerNode, port: number): Promise<PluginProcess> {
  const env = {
    PLUGIN_NAME: DRIVER,
    PLUGIN_SOCKET: node.pluginSocket(DRIVER),
    DOCKER_HOST: node.engine.host,
    SECRETS_PROVIDER: 'vault',
    VAULT_ADDR: vault.addr,
    VAULT_TOKEN: vault.rootToken,
    VAULT_ROTATION_INTERVAL: '1s',
    MONITORING_PORT: String(port),
    LOG_LEVEL: 'debug',
  };
  const plugin = await startPlugin({ env, dir: join(folder.path, `${node.name}-plugin-${performance.now()}`) });
  await plugin.waitReady();
  await waitFor(async () => (await fetch(`http://127.0.0.1:${port}/livez`)).ok, {
    timeoutMs: IN_TIME,
    what: 'monitoring',
  });
  return plugin;
}

async function leadingSeat(): Promise<Seat> {
  const leader = await managers.leader();
  const seat = seats.find(({ node }) => node === leader);
  if (seat === undefined) throw new Error(`${leader.name} has no plugin`);
  return seat;
}

let written = 0;
/** Writes a new value at Vault and returns it. */
async function write(): Promise<string> {
  written += 1;
  const value = `value-${written}`;
  await vault.request('POST', 'secret/data/app/shared', { data: { password: value } });
  return value;
}

/** The running tasks, and what each has in its secret's file, whatever node it is on. */
async function held(): Promise<readonly { readonly task: string; readonly node: string; readonly value: string }[]> {
  const { engine } = await managers.leader();
  const tasks = await runningTasks(engine, 'web');
  return Promise.all(
    tasks.map(async ({ id, nodeId, containerId }) => {
      const node = managers.node(nodeId);
      return { task: id, node: node.name, value: (await readSecret(node.engine, containerId, 'shared')).toString() };
    }),
  );
}

/** Waits until all tasks run, and have the value. */
async function reaches(value: string, timeoutMs = IN_TIME): Promise<void> {
  await waitFor(
    async (see) => {
      const now = await held();
      see(now);
      return now.length === REPLICAS && now.every((task) => task.value === value);
    },
    { timeoutMs, what: `${REPLICAS} tasks to have ${value}` },
  );
}

/** Waits until some tasks have the value and some do not. */
async function isHalfWayTo(value: string): Promise<void> {
  await waitFor(
    async (see) => {
      const values = (await held()).map((task) => task.value);
      see(values);
      return values.includes(value) && values.some((other) => other !== value);
    },
    { timeoutMs: IN_TIME, what: `the middle of the rolling update to ${value}` },
  );
}

interface ApiService {
  readonly Spec: { readonly TaskTemplate: { readonly ForceUpdate?: number } };
  readonly UpdateStatus?: { readonly State: string; readonly Message: string };
}

async function service(): Promise<ApiService> {
  return (await (await managers.leader()).engine.api('GET', '/services/web')) as ApiService;
}

/** How often the service was told to start its tasks anew. */
async function generation(): Promise<number> {
  return (await service()).Spec.TaskTemplate.ForceUpdate ?? 0;
}

/** Waits until Swarm says that the latest update of the service is done. */
async function isSettled(timeoutMs = IN_TIME): Promise<void> {
  await waitFor(
    async (see) => {
      const { UpdateStatus } = await service();
      see(UpdateStatus);
      return UpdateStatus?.State === 'completed';
    },
    { timeoutMs, what: 'the update to be completed' },
  );
}

interface Metrics {
  readonly secret_rotations: number;
  readonly ticker_heartbeat: string | null;
}

async function metrics({ port }: Seat): Promise<Metrics> {
  return (await (await fetch(`http://127.0.0.1:${port}/metrics`)).json()) as Metrics;
}

/** Waits for so many whole passes of a plugin. */
async function passes(seat: Seat, count: number): Promise<void> {
  for (let pass = 0; pass < count; pass++) {
    const before = (await metrics(seat)).ticker_heartbeat;
    await waitFor(async () => (await metrics(seat)).ticker_heartbeat !== before, {
      timeoutMs: IN_TIME,
      what: `a pass on ${seat.node.name}`,
    });
  }
}

/** Waits until a plugin has closed so many rotations since it was started. */
async function counted(seat: Seat, total: number): Promise<void> {
  await waitFor(
    async (see) => {
      const { secret_rotations: rotations } = await metrics(seat);
      see(rotations);
      return rotations === total;
    },
    { timeoutMs: IN_TIME, what: `${total} rotations to be counted on ${seat.node.name}` },
  );
}

/** How often an event stands in a plugin's log since it was started. */
function logged({ plugin }: Seat, event: string): number {
  const lines = plugin.logs().trimEnd().split('\n');
  return lines.filter((line) => (JSON.parse(line) as { readonly event: string }).event === event).length;
}

/** What a plugin has done since it was started. A second leader would lose every race here and still be wrong. */
async function deeds(seat: Seat) {
  return {
    name: seat.node.name,
    tookTheLead: seat.plugin.logs().includes('this node leads the Swarm now'),
    changes: logged(seat, 'revision.changed'),
    begun: logged(seat, 'rollout.started'),
    conflicts: logged(seat, 'rollout.conflict'),
    counted: (await metrics(seat)).secret_rotations,
  };
}

beforeAll(async () => {
  [managers, vault] = await Promise.all([
    startManagers({ dir: join(folder.path, 's'), count: 3 }),
    startVault({ dir: join(folder.path, 'vault') }),
  ]);
  const value = await write();
  seats = await Promise.all(
    managers.nodes.map(async (node) => {
      const port = await freePort();
      return { node, port, plugin: await startOn(node, port) };
    }),
  );
  const { engine } = await managers.leader();
  const labels = { vault_path: 'app/shared', vault_field: 'password' };
  await createDriverSecret(engine, { name: 'shared', driver: DRIVER, labels });
  // Slow enough that a rolling update has a middle, in which one task after the other is being replaced.
  const updateConfig = { parallelism: 1, delay: '2s' };
  await createService(engine, { name: 'web', replicas: REPLICAS, secrets: ['shared'], updateConfig });
  await reaches(value);
  for (const seat of seats) await passes(seat, 2);
});

afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return;
  for (const { node, plugin } of seats) {
    const lines = plugin.logs().trimEnd().split('\n');
    const telling = lines.filter((line) => !line.includes('reconcile.passed'));
    process.stderr.write(`--- plugin on ${node.name}\n${telling.slice(-40).join('\n')}\n`);
  }
  const { engine } = await managers.leader();
  const shown = {
    service: await service(),
    tasks: await serviceTasks(engine, 'web'),
    configs: await engine.api('GET', '/configs'),
  };
  process.stderr.write(`--- the Swarm\n${JSON.stringify(shown, undefined, 1)}\n`);
});

afterAll(async () => {
  await Promise.all(seats.map(({ plugin }) => plugin.kill('SIGTERM')));
  await Promise.all([managers?.stop(), vault?.stop()]);
  await folder.remove();
});

test('of three plugins the leader’s rotates, with one update of the service, and the standbys do nothing', async () => {
  const before = await generation();
  const leading = await leadingSeat();
  const value = await write();
  await reaches(value);
  await counted(leading, 1);
  for (const seat of seats) await passes(seat, 2);
  expect(await generation()).toBe(before + 1);
  const nothing = { tookTheLead: false, changes: 0, begun: 0, conflicts: 0, counted: 0 };
  for (const seat of seats) {
    const wanted = seat === leading ? { tookTheLead: true, changes: 1, begun: 1, conflicts: 0, counted: 1 } : nothing;
    expect(await deeds(seat)).toEqual({ name: seat.node.name, ...wanted });
  }
});

test('a rotation goes on when the leader’s plugin is killed in the middle of it and started again', async () => {
  const before = await generation();
  const leading = await leadingSeat();
  const value = await write();
  await isHalfWayTo(value);
  await leading.plugin.kill('SIGKILL');
  leading.plugin = await startOn(leading.node, leading.port);
  await reaches(value);
  await isSettled();
  await counted(leading, 1);
  expect(await generation()).toBe(before + 1);
  expect((await leadingSeat()).node.name).toBe(leading.node.name);
});

test('every task gets the new value when leader and plugin are lost in the middle of the rolling update', async () => {
  const before = await generation();
  const lost = await leadingSeat();
  const value = await write();
  await isHalfWayTo(value);
  await Promise.all([lost.node.engine.kill(), lost.plugin.kill('SIGKILL')]);
  seats = seats.filter((seat) => seat !== lost);

  const next = await leadingSeat();
  expect(next.node.name).not.toBe(lost.node.name);
  await reaches(value, AFTER_FAILOVER);
  await isSettled(AFTER_FAILOVER);
  expect((await held()).map((task) => task.node)).not.toContain(lost.node.name);
  await counted(next, 1);
  expect([1, 2]).toContain((await generation()) - before);

  const [settled, tasks] = [await generation(), await held()];
  for (const seat of seats) await passes(seat, 5);
  expect(await generation()).toBe(settled);
  expect(await held()).toEqual(tasks);
});

test('nothing is restarted when the lost manager comes back', async () => {
  const [before, tasks] = [await generation(), await held()];
  const node = managers.nodes.find((candidate) => seats.every((seat) => seat.node !== candidate));
  if (node === undefined) throw new Error('no manager was lost');
  await node.start();
  const port = await freePort();
  const seat = { node, port, plugin: await startOn(node, port) };
  seats = [...seats, seat];
  for (const each of seats) await passes(each, 5);
  expect(await generation()).toBe(before);
  expect(await held()).toEqual(tasks);
  expect(await deeds(seat)).toMatchObject({ begun: 0, conflicts: 0, counted: 0 });
});
