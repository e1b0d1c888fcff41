import {
  createService,
  firstWrite,
  type LogEntry,
  type ManagerNode,
  type PluginRunner,
  type PluginSwarm,
  readSecret,
  runningTasks,
  serviceTasks,
  startOnSelectedEngine,
  startRaftWriteMonitor,
  tempDirectory,
  waitFor,
} from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

/** 200 take some minutes to start on a small machine. */
const TASKS = Number(process.env.STORM_TASKS || 200);
const MORE_TASKS = 10;
const SECRETS = ['one', 'two', 'three', 'four', 'five'];
/** What the plugin's answers may hold the Swarm's store for. */
const OWN_MS = 3_000;
/** With the engine's own work for each task, on a machine that has other things to do. Swarm gives up after 30 s. */
const HELD_MS = 12_000;
const STARTED_MS = 500_000;
const ELECTED_MS = 90_000;
const SETTLED_MS = 120_000;
const TIMEOUT_MS = 900_000;

const directory = tempDirectory();
const values = new Map<string, string>();
let swarm: PluginSwarm;

beforeAll(async () => {
  swarm = await startOnSelectedEngine({ dir: directory.path, driver: 'delivery-storm' });
  for (const secret of SECRETS) values.set(secret, await swarm.createSecret(secret));
  const { engine, name } = await swarm.managers.leader();
  // The leader has no tasks, so that its loss starts none again: what comes then is the storm alone.
  await engine.dockerBytes('node', 'update', '--availability', 'drain', name);
  const startedAtMs = performance.now();
  await createService(engine, { name: 'storm', replicas: TASKS, secrets: SECRETS });
  await allRun(engine, TASKS, STARTED_MS);
  const seconds = Math.round((performance.now() - startedAtMs) / 1000);
  process.stderr.write(`${TASKS} tasks with ${SECRETS.length} secrets each ran after ${seconds} s\n`);
  for (const runner of swarm.runners) await runner.passes(2);
}, TIMEOUT_MS);

afterEach(async ({ task }) => {
  process.kill(swarm.vault.pid, 'SIGCONT');
  if (task.result?.state === 'fail') process.stderr.write(await swarm.describe('storm'));
});

afterAll(async () => {
  await swarm?.stop();
  await directory.remove();
});

async function allRun(engine: ManagerNode['engine'], count: number, timeoutMs: number): Promise<void> {
  await waitFor(
    async (see) => {
      const running = (await runningTasks(engine, 'storm')).length;
      see(`${running} tasks`);
      return running === count;
    },
    { timeoutMs, intervalMs: 1_000, what: `${count} tasks to run` },
  );
}

function since(runner: PluginRunner, event: string, from: number): readonly LogEntry[] {
  return runner
    .log()
    .slice(from)
    .filter((entry) => entry.event === event);
}

test(
  'a leader change with many tasks and no Vault is answered from the cache, and holds up no other write',
  async () => {
    const lost = await swarm.leadingRunner();
    const tasks = (await runningTasks(lost.node.engine, 'storm')).map(({ id }) => id);
    const logged = new Map(swarm.runners.map((runner) => [runner, runner.log().length]));
    process.kill(swarm.vault.pid, 'SIGSTOP');
    const killedAtMs = performance.now();
    await Promise.all([lost.node.engine.kill(), lost.plugin.kill('SIGKILL')]);

    const left = swarm.managers.nodes.filter((node) => node !== lost.node).map(({ engine }) => engine);
    const writtenAtMs = await firstWrite(left, ELECTED_MS);
    const withoutLeaderMs = performance.now() - killedAtMs;
    const [any] = left;
    if (any === undefined) throw new Error('no manager is left');
    const probe = await startRaftWriteMonitor(any);
    const toProbeMs = Date.now() - writtenAtMs;
    const leader = await swarm.managers.leader();
    const runner = swarm.runnerOf(leader);
    const asked = (event: string) => since(runner, event, logged.get(runner) ?? 0);
    await waitFor(
      (see) => {
        const again = new Set(asked('secret.delivered').map(({ task, secret }) => `${task} ${secret}`));
        see(`${again.size} deliveries`);
        return tasks.every((task) => SECRETS.every((secret) => again.has(`${task} ${secret}`)));
      },
      { timeoutMs: SETTLED_MS, intervalMs: 500, what: 'every secret of every task to be asked for again' },
    );
    const stormMs = performance.now() - killedAtMs - withoutLeaderMs;
    await leader.engine.dockerBytes('service', 'scale', '--detach', `storm=${TASKS + MORE_TASKS}`);
    await allRun(leader.engine, TASKS + MORE_TASKS, SETTLED_MS);
    const held = probe.longestGap();
    await probe.stop();

    const delivered = asked('secret.delivered');
    const maxMs = Math.max(...delivered.map(({ duration_ms }) => Number(duration_ms)));
    const ownMs = delivered.reduce((sum, { duration_ms }) => sum + Number(duration_ms), 0);
    // What came before the first write was the election, but for the part in which the engine asked already.
    const firstAtMs = Math.min(...delivered.map(({ time }) => Date.parse(String(time))));
    const heldMs = Math.max(held.lengthMs, toProbeMs, writtenAtMs - firstAtMs);
    process.stderr.write(
      `no leader for ${Math.round(withoutLeaderMs)} ms; ${delivered.length} deliveries, the last of the storm ` +
        `${Math.round(stormMs)} ms later, each in at most ${Math.round(maxMs)} ms and all in ${Math.round(ownMs)} ms; the store was held for ` +
        `${heldMs} ms at most (${held.lengthMs} after its first of ${probe.writes} writes)\n`,
    );
    expect(asked('delivery.failed')).toEqual([]);
    expect(delivered.filter(({ source }) => source === 'provider')).toEqual([]);
    expect(ownMs).toBeLessThan(OWN_MS);
    expect(heldMs).toBeLessThan(HELD_MS);
    const known = await serviceTasks(leader.engine, 'storm');
    expect(known.filter(({ state }) => state === 'rejected' || state === 'failed')).toEqual([]);

    const running = await runningTasks(leader.engine, 'storm');
    expect(running.map(({ id }) => id)).toEqual(expect.arrayContaining(tasks));
    const started = running.filter(({ id }) => !tasks.includes(id));
    expect(started).toHaveLength(MORE_TASKS);
    for (const { nodeId, containerId } of started) {
      const { engine } = swarm.managers.node(nodeId);
      for (const [secret, value] of values) {
        expect((await readSecret(engine, containerId, secret)).toString()).toBe(value);
      }
    }
  },
  TIMEOUT_MS,
);
