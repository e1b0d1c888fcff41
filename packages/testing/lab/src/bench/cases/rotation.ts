import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '../../process/wait-for.ts';
import type { OwnEngine } from '../../swarm/engine.ts';
import { createDriverSecret, createService, readSecret, runningTasks, startSwarm } from '../../swarm/swarm.ts';
import { type Bench, type BenchCase, DRIVER } from '../bench.ts';
import { type CallCount, startCountingProxy } from '../counting-proxy.ts';
import { count, type Figure, mib, ms } from '../figure.ts';
import { WrongAnswer } from '../requests.ts';
import type { Running } from '../target.ts';
import { RolloutTracker } from './rollout-watch.ts';

const SERVICES = Number(process.env.BENCH_SERVICES || 60);
/** By the number of services, as far as there is a goal. */
const AT_MOST_MS: Readonly<Record<number, number>> = { 20: 8_000, 60: 20_000 };
const SETTLE_MS = 10 * 60_000;
const AT_REST_MS = 30_000;
/** A plugin that has not rolled out a second change by then does not do it at all. */
const SECOND_CHANGE_MS = 3 * 60_000;
const SETTLED = { timeoutMs: SETTLE_MS, intervalMs: 1_000 };
/** The directory where an engine looks up sockets in other directories. */
const SPECS = '/etc/docker/plugins';

/** The cost of the rotation of one secret that many services share: one manager, a real engine behind a proxy. */
export const rotation: BenchCase = {
  name: 'rotation',
  heading: () =>
    `a secret that ${SERVICES} services share is rotated twice, each with two others of its own; a real engine, one ` +
    'manager; VAULT_ROTATION_INTERVAL=1s',
  perLatency: false,
  forPeers: true,
  async run(bench) {
    const engine = await startSwarm({ dir: join(bench.directory, 'engine') });
    try {
      return await measure(bench, engine);
    } finally {
      await engine.kill();
    }
  },
};

async function measure(bench: Bench, engine: OwnEngine): Promise<readonly Figure[]> {
  const proxy = await startCountingProxy(join(bench.directory, 'proxy.sock'), engine.socketPath);
  const write = (secret: string, password: string) =>
    bench.vault.request('POST', `secret/data/${secret}`, { data: { password } });
  const services = Array.from({ length: SERVICES }, (_, index) => `service-${index + 1}`);
  await write('shared', 'value-1');
  for (const name of services) for (const part of ['a', 'b']) await write(`${name}-${part}`, 'value-1');

  const plugin = await bench.start({
    DOCKER_HOST: proxy.host,
    VAULT_ROTATION_INTERVAL: '1s',
    ENABLE_MONITORING: 'false',
  });
  await mkdir(SPECS, { recursive: true });
  await writeFile(join(SPECS, `${DRIVER}.spec`), `unix://${plugin.socketPath}`);
  const secret = (name: string) =>
    createDriverSecret(engine, { name, driver: DRIVER, labels: bench.labels({ path: name, field: 'password' }) });
  await secret('shared');
  for (const name of services) {
    const own = [`${name}-a`, `${name}-b`];
    for (const each of own) await secret(each);
    await createService(engine, { name, secrets: ['shared', ...own], hasNetwork: true });
  }
  const allRun = async () => (await runningSince(engine, 0)).length === SERVICES;
  await waitFor(allRun, { ...SETTLED, what: 'all services to run' });

  proxy.reset();
  const restedMs = performance.now();
  await waitFor(() => performance.now() - restedMs > AT_REST_MS, { timeoutMs: 2 * AT_REST_MS, what: 'time to pass' });
  const callsAtRest = proxy.counts();
  const memoryBefore = memoryOf(plugin);
  const raftBefore = await raftIndex(engine);
  const rollouts = bench.target === 'plugin' ? await RolloutTracker.start(engine, plugin) : undefined;

  /** Resolves to the time when the last task had the value. */
  const change = async (value: string, timeoutMs: number) => {
    const writtenAt = Date.now();
    await write('shared', value);
    const allReplaced = async (see: (state: unknown) => void) => {
      await rollouts?.check();
      const tasks = await runningSince(engine, writtenAt);
      see(`${tasks.length} tasks`);
      return tasks.length === SERVICES && tasks;
    };
    const tasks = await waitFor(allReplaced, {
      ...SETTLED,
      timeoutMs,
      what: `a new task in each service for ${value}`,
    });
    await checkValues(engine, services, value);
    return { writtenAt, tookMs: Math.max(...tasks.map(({ Status }) => Date.parse(Status.Timestamp))) - writtenAt };
  };

  proxy.reset();
  const first = await change('value-2', SETTLE_MS);
  const ownFigures = (await rollouts?.completed(SERVICES, first.writtenAt)) ?? [];
  const calls = proxy.counts();
  const raftAfter = await raftIndex(engine);
  const memoryAfter = memoryOf(plugin);
  const second = await change('value-3', SECOND_CHANGE_MS).then(
    ({ tookMs }) => ({ tookMs, atLeast: false }),
    () => ({ tookMs: SECOND_CHANGE_MS, atLeast: true }),
  );
  const figures = [
    ms('to the last task with the new value', first.tookMs, AT_MOST_MS[SERVICES]),
    { ...ms('the second time', second.tookMs), atLeast: second.atLeast },
    ...ownFigures,
    ...(bench.target === 'plugin'
      ? [count('writes of the ledger', calls['POST /configs/{id}/update']?.calls ?? 0)]
      : []),
    count('updates of services', calls['POST /services/{id}/update']?.calls ?? 0, SERVICES),
    count('entries of the Raft log', raftAfter - raftBefore),
    mib('memory before', memoryBefore.residentMiB),
    mib('memory after', memoryAfter.residentMiB),
    mib('memory at most', memoryAfter.peakMiB),
    ...callFigures(calls, 'calls'),
    ...callFigures(callsAtRest, `calls in ${AT_REST_MS / 1000} s at rest`),
  ];
  await plugin.stop();
  proxy.close();
  return figures;
}

function callFigures(counts: Readonly<Record<string, CallCount>>, what: string): readonly Figure[] {
  return Object.entries(counts).map(([pattern, { calls }]) => count(`${what}: ${pattern}`, calls));
}

async function checkValues(engine: OwnEngine, services: readonly string[], expected: string): Promise<void> {
  for (const name of services) {
    const [task] = await runningTasks(engine, name);
    const value = (await readSecret(engine, task?.containerId ?? '', 'shared')).toString();
    if (value !== expected) throw new WrongAnswer(`the task of ${name} does not have the new value`);
  }
}

interface Memory {
  readonly residentMiB: number;
  readonly peakMiB: number;
}

function memoryOf(plugin: Running): Memory {
  const statuses = plugin.pids().map((pid) => readFileSync(`/proc/${pid}/status`, 'utf8'));
  const inMiB = (name: string) =>
    statuses.reduce((sum, status) => sum + Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1]) / 1024, 0);
  return { residentMiB: inMiB('VmRSS'), peakMiB: inMiB('VmHWM') };
}

interface Versioned {
  readonly Version: { readonly Index: number };
}

/** The latest version index of any object. It is that of the Raft log, except for entries that changed no object. */
async function raftIndex(engine: OwnEngine): Promise<number> {
  const lists = await Promise.all(
    ['/tasks', '/services', '/configs', '/secrets', '/nodes'].map((path) => engine.api('GET', path)),
  );
  return Math.max(...(lists as Versioned[][]).flat().map(({ Version }) => Version.Index));
}

interface BenchTask {
  readonly CreatedAt: string;
  readonly DesiredState: string;
  readonly Status: { readonly State: string; readonly Timestamp: string };
}

/** The running tasks that were created since a time. */
async function runningSince(engine: OwnEngine, sinceMs: number): Promise<readonly BenchTask[]> {
  const tasks = (await engine.api('GET', '/tasks')) as BenchTask[];
  return tasks.filter(
    ({ CreatedAt, DesiredState, Status }) =>
      DesiredState === 'running' && Status.State === 'running' && Date.parse(CreatedAt) >= sinceMs,
  );
}
