import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Overview } from '@vault-swarm/http/api';
import { type ManagerNode, type PluginRunner, PluginSwarm, tempDirectory, waitFor } from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { SocketProxy } from './testing/socket-proxy.ts';

const TIMEOUT_MS = 120_000;
/** For how long the leader's plugin is stopped at least. By default only until another manager has done its work. */
const STALE_LEADER_MS = 1_000 * Number(process.env.STALE_LEADER_SECONDS ?? 0);

const directory = tempDirectory();
let swarm: PluginSwarm;
/** The manager that has no plugin. */
let bare: ManagerNode;

beforeAll(async () => {
  swarm = await PluginSwarm.start({ dir: directory.path, driver: 'managers-test', plugins: 2 });
  bare = swarm.managers.nodes[2] as ManagerNode;
});

afterEach(({ task }) => {
  if (task.result?.state !== 'fail') return;
  for (const runner of swarm.runners) {
    if (runner.hasStarted) process.stderr.write(`--- ${runner.node.name}\n${runner.plugin.logs()}\n`);
  }
});

afterAll(async () => {
  await swarm?.stop();
  await directory.remove();
});

const withPlugin = () => swarm.runners.slice(0, 2);

async function overviewOf({ url }: PluginRunner): Promise<Overview> {
  return (await (await fetch(`${url}/api/v1/overview`)).json()) as Overview;
}

/** Waits until the plugin's overview is as wanted. */
function sees(runner: PluginRunner, what: string, isSo: (overview: Overview) => boolean): Promise<unknown> {
  return waitFor(
    async (see) => {
      const now = await overviewOf(runner);
      see({ role: now.role, managers: now.managers, problems: now.problems });
      return isSo(now);
    },
    { timeoutMs: TIMEOUT_MS, what: `${runner.node.name} to see ${what}` },
  );
}

const stateOfBare = ({ managers }: Overview) => managers.find(({ name }) => name === bare.name)?.state;
const problemOf = ({ problems }: Overview, code: string) => problems.find((problem) => problem.code === code);

/** The version of each node's object: any write to it raises it. */
async function nodeVersions(): Promise<readonly number[]> {
  const { engine } = await swarm.managers.leader();
  const nodes = (await engine.api('GET', '/nodes')) as { readonly Version: { readonly Index: number } }[];
  return nodes.map(({ Version }) => Version.Index).sort();
}

test('a manager without a plugin is a problem that the plugins of both other managers name, with the fix', async () => {
  for (const runner of withPlugin()) {
    await sees(runner, `${bare.name} without a plugin`, (overview) => {
      return problemOf(overview, 'MANAGER_WITHOUT_PLUGIN') !== undefined;
    });
    const { managers, problems } = await overviewOf(runner);
    const [problem] = problems;
    expect(problem).toMatchObject({ code: 'MANAGER_WITHOUT_PLUGIN', severity: 'warning' });
    expect(problem?.message).toContain('m3 has no plugin');
    expect(problem?.action).toContain('Install the plugin on m3');
    expect(managers.map(({ name, state, role }) => [name, state, role])).toEqual([
      ['m1', runner.node.name === 'm1' ? 'running' : 'announced', 'leader'],
      ['m2', runner.node.name === 'm2' ? 'running' : 'announced', 'standby'],
      ['m3', 'missing', 'standby'],
    ]);
  }
});

test('a plugin that starts there ends the problem, and one that is stopped is named again', async () => {
  const runner = swarm.runnerOf(bare);
  await runner.start();
  for (const other of withPlugin()) {
    await sees(other, 'a plugin on every manager', (overview) => {
      return stateOfBare(overview) === 'announced' && overview.problems.length === 0;
    });
  }
  await runner.plugin.kill('SIGTERM');
  for (const other of withPlugin()) {
    await sees(other, `the stopped plugin of ${bare.name}`, (overview) => {
      return problemOf(overview, 'MANAGER_WITHOUT_PLUGIN')?.message.includes('that stopped') === true;
    });
  }
});

test('a manager with another ledger key, and one whose clock is wrong, are named by the others', async () => {
  const runner = swarm.runnerOf(bare);
  const tenMinutesBehind = 'Date.now = ((now) => () => now() - 600_000)(Date.now)';
  await runner.start({
    LEDGER_KEY: 'a key that the others do not have',
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(tenMinutesBehind)}`,
  });
  for (const other of withPlugin()) {
    await sees(other, 'the key and the clock', (overview) => {
      return ['LEDGER_KEYS_DIFFER', 'CLOCKS_DIFFER'].every((code) => problemOf(overview, code) !== undefined);
    });
    const overview = await overviewOf(other);
    expect(problemOf(overview, 'LEDGER_KEYS_DIFFER')).toMatchObject({
      message: expect.stringMatching(/: [\w-]{8} on m3, none on m1, m2$/),
      action: 'Give m1, m2 the LEDGER_KEY of m3: see docs/guides/ledger-key.md',
    });
    expect(problemOf(overview, 'CLOCKS_DIFFER')?.message).toContain('m3 is 10 min behind');
  }
  await sees(runner, 'its own clock', (overview) => problemOf(overview, 'CLOCKS_DIFFER') !== undefined);
  await runner.plugin.kill('SIGTERM');
});

test('nothing is written to the nodes while nothing changes', async () => {
  const before = await nodeVersions();
  for (const runner of withPlugin()) await runner.passes(5);
  expect(await nodeVersions()).toEqual(before);
});

test('if the manager without a plugin leads, this is an outage that both others name', async () => {
  // The only manager leads.
  const leader = await swarm.managers.leader();
  const others = swarm.managers.nodes.filter((node) => node !== bare);
  for (const node of others.toSorted((one) => (one === leader ? 1 : -1))) await demote(bare, node);
  for (const node of others) {
    await change(bare, 'promote', node);
    await hasRole(bare, node, 'manager');
  }
  expect((await swarm.managers.leader()).name).toBe(bare.name);
  for (const runner of withPlugin()) {
    await sees(runner, `that ${bare.name} leads without a plugin`, (overview) => {
      return problemOf(overview, 'LEADER_WITHOUT_PLUGIN')?.severity === 'critical';
    });
    const overview = await overviewOf(runner);
    expect(overview.summary).toMatchObject({ severity: 'critical' });
    expect(problemOf(overview, 'LEADER_WITHOUT_PLUGIN')?.action).toContain(`docker node demote ${bare.name}`);
    expect(overview.role).toBe('standby');
    expect(overview.managers.find(({ role }) => role === 'leader')?.name).toBe(bare.name);
  }
});

test('a leader that is stopped when it posts an update, and continues when another leader has made it, changes nothing', {
  timeout: 400_000,
}, async () => {
  const runner = swarm.runnerOf(bare);
  const socketPath = join(directory.path, 'proxy.sock');
  const proxy = await SocketProxy.start(socketPath, bare.engine.socketPath);
  await runner.start({ DOCKER_HOST: `unix://${socketPath}` });
  await swarm.deployWeb({ replicas: 2 });
  let stoppedAtMs = 0;
  const released = Promise.withResolvers<void>();
  proxy.allow(async (method, path) => {
    if (method !== 'POST' || !path.startsWith('/services/')) return true;
    process.kill(runner.plugin.pid, 'SIGSTOP');
    stoppedAtMs = performance.now();
    await released.promise;
    return true;
  });
  const value = await swarm.write('shared');
  await waitFor(() => stoppedAtMs > 0, { timeoutMs: TIMEOUT_MS, what: 'the leader to post an update' });
  try {
    expect(await swarm.generation('web')).toBe(0);
    const [other = bare] = withPlugin().map(({ node }) => node);
    await demote(other, bare);
    await change(other, 'promote', bare);
    await swarm.reaches('web', { secret: 'shared', replicas: 2, value });
    await swarm.isSettled('web');
    await waitFor(() => bare.engine.api('GET', '/services/web'), {
      timeoutMs: TIMEOUT_MS,
      what: `${bare.name} to answer`,
    });
    await delay(Math.max(0, STALE_LEADER_MS - (performance.now() - stoppedAtMs)));
    const generation = await swarm.generation('web');
    process.stderr.write(`the leader was stopped for ${Math.round(performance.now() - stoppedAtMs)} ms\n`);
    // The engine gets the update now.
    proxy.allow(() => true);
    released.resolve();
    expect(await swarm.generation('web')).toBe(generation);
    process.kill(runner.plugin.pid, 'SIGCONT');
    for (const each of swarm.runners) await each.passes(3);
    expect(await swarm.generation('web')).toBe(generation);
  } finally {
    process.kill(runner.plugin.pid, 'SIGCONT');
  }
  await runner.plugin.kill('SIGTERM');
  proxy.stop();
});

async function demote(by: ManagerNode, node: ManagerNode): Promise<void> {
  await change(by, 'demote', node);
  await hasRole(by, node, 'worker');
}

/** Demotes or promotes a node. While the Swarm changes its role, or has no leader, it may refuse and must be asked again. */
function change(by: ManagerNode, command: 'demote' | 'promote', { nodeId, name }: ManagerNode): Promise<unknown> {
  return waitFor(
    async (see) => {
      const { code, stderr } = await by.engine.docker('node', command, nodeId);
      see(stderr);
      return code === 0;
    },
    { timeoutMs: TIMEOUT_MS, what: `${command} of ${name}` },
  );
}

/** Waits until a node has the role, and as a manager is reachable. */
function hasRole(seenBy: ManagerNode, { nodeId, name, engine }: ManagerNode, role: string): Promise<unknown> {
  return waitFor(
    async (see) => {
      const info = (await engine.api('GET', '/info')) as { readonly Swarm: { readonly ControlAvailable: boolean } };
      const { ManagerStatus: status, Status } = (await seenBy.engine.api('GET', `/nodes/${nodeId}`)) as {
        readonly ManagerStatus?: { readonly Reachability: string };
        readonly Status: { readonly State: string };
      };
      see({ info: info.Swarm, status, Status });
      if (role === 'worker') return !info.Swarm.ControlAvailable && status === undefined;
      return info.Swarm.ControlAvailable && status?.Reachability === 'reachable' && Status.State === 'ready';
    },
    { timeoutMs: TIMEOUT_MS, what: `${name} to be a ${role}` },
  );
}
