import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OwnEngine } from '../../engine.ts';
import { startPlugin } from '../../plugin-process.ts';
import { createDriverSecret, createService, readSecret, runningTasks, startSwarm } from '../../swarm.ts';
import { waitFor } from '../../wait-for.ts';
import { WrongAnswer } from '../ask.ts';
import type { Bench, BenchCase } from '../bench.ts';
import { type CallCount, startCountingProxy } from '../counting-proxy.ts';
import { count, type Figure, mib, ms } from '../figure.ts';

const SERVICES = Number(process.env.BENCH_SERVICES || 60);
const DRIVER = 'bench-rotation';
const SETTLE_MS = 10 * 60_000;
const AT_REST_MS = 30_000;
const SETTLED = { timeoutMs: SETTLE_MS, intervalMs: 1_000 };

/** What the rotation of one secret that many services share costs: one manager, a real engine behind a proxy. */
export const rotation: BenchCase = {
  name: 'rotation',
  heading: () =>
    `a secret that ${SERVICES} services share is rotated, each with two others of its own; a real engine, one manager`,
  perLatency: false,
  forPeers: false,
  async run(bench) {
    const engine = await startSwarm({
      dir: join(bench.folder, 'engine'),
      ...(process.env.SWARM_DOCKERD ? { dockerd: process.env.SWARM_DOCKERD } : {}),
    });
    try {
      return await measure(bench, engine);
    } finally {
      await engine.kill();
    }
  },
};

async function measure({ vault, folder }: Bench, engine: OwnEngine): Promise<readonly Figure[]> {
  const proxy = await startCountingProxy(join(folder, 'proxy.sock'), engine.socketPath);
  const write = (secret: string, password: string) =>
    vault.request('POST', `secret/data/${secret}`, { data: { password } });
  const services = Array.from({ length: SERVICES }, (_, index) => `service-${index + 1}`);
  await write('shared', 'value-1');
  for (const name of services) for (const part of ['a', 'b']) await write(`${name}-${part}`, 'value-1');

  const plugin = await startPlugin({
    dir: folder,
    env: {
      PLUGIN_NAME: DRIVER,
      DOCKER_HOST: proxy.host,
      SECRETS_PROVIDER: 'vault',
      VAULT_ADDR: vault.addr,
      VAULT_TOKEN: vault.rootToken,
      VAULT_ROTATION_INTERVAL: '1s',
      ENABLE_MONITORING: 'false',
    },
  });
  await plugin.waitReady();
  const logged = (event: string) =>
    plugin
      .logs()
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as LogLine)
      .filter((line) => line.event === event);

  const secret = (name: string) =>
    createDriverSecret(engine, { name, driver: DRIVER, labels: { vault_path: name, vault_field: 'password' } });
  await secret('shared');
  for (const name of services) {
    const own = [`${name}-a`, `${name}-b`];
    for (const each of own) await secret(each);
    await createService(engine, { name, secrets: ['shared', ...own] });
  }
  const allRun = async () => (await runningOf(engine, 0)).length === SERVICES;
  await waitFor(allRun, { ...SETTLED, what: 'all services to run' });

  proxy.reset();
  const restedMs = performance.now();
  await waitFor(() => performance.now() - restedMs > AT_REST_MS, { timeoutMs: 2 * AT_REST_MS, what: 'time to pass' });
  const callsAtRest = proxy.counts();
  const memoryBefore = await memoryOf(plugin.pid);
  const ledgerBefore = await ledgerBytes(engine);
  const raftBefore = await raftIndex(engine);

  proxy.reset();
  let largestLedger = ledgerBefore;
  const writtenAt = Date.now();
  await write('shared', 'value-2');
  const allCompleted = async () => {
    largestLedger = Math.max(largestLedger, await ledgerBytes(engine));
    return logged('rollout.completed').length >= SERVICES;
  };
  await waitFor(allCompleted, { ...SETTLED, what: 'all rollouts to be completed' });
  const calls = proxy.counts();
  const ended = logged('rollout.completed').at(-1)?.time ?? '';
  const tasks = await runningOf(engine, 1);
  const lastTaskAt = Math.max(...tasks.map(({ Status }) => Date.parse(Status.Timestamp)));
  await checkValues(engine, services);
  const ledgerIsClosed = async () => (await ledgerBytes(engine)) <= ledgerBefore + SERVICES;
  await waitFor(ledgerIsClosed, { ...SETTLED, what: 'the ledger to close' });

  const memoryAfter = await memoryOf(plugin.pid);
  const figures = [
    ms('to the last task with the new value', lastTaskAt - writtenAt),
    ms('to the last rollout closed', Date.parse(ended) - writtenAt),
    count('rollouts started', logged('rollout.started').length, SERVICES),
    count('rollouts failed', logged('rollout.failed').length, 0),
    count('writes of the ledger', calls['POST /configs/{id}/update']?.calls ?? 0),
    count('updates of services', calls['POST /services/{id}/update']?.calls ?? 0, SERVICES),
    count('entries of the Raft log', (await raftIndex(engine)) - raftBefore),
    count('bytes of the ledger before', ledgerBefore),
    count('bytes of the ledger at most', largestLedger),
    mib('memory before', memoryBefore.residentMiB),
    mib('memory after', memoryAfter.residentMiB),
    mib('memory at most', memoryAfter.peakMiB),
    ...callFigures(calls, 'calls'),
    ...callFigures(callsAtRest, `calls in ${AT_REST_MS / 1000} s at rest`),
  ];
  await plugin.kill();
  proxy.close();
  return figures;
}

function callFigures(counts: Readonly<Record<string, CallCount>>, what: string): readonly Figure[] {
  return Object.entries(counts).map(([pattern, { calls }]) => count(`${what}: ${pattern}`, calls));
}

async function checkValues(engine: OwnEngine, services: readonly string[]): Promise<void> {
  for (const name of services) {
    const [task] = await runningTasks(engine, name);
    const value = (await readSecret(engine, task?.containerId ?? '', 'shared')).toString();
    if (value !== 'value-2') throw new WrongAnswer(`the task of ${name} has not the new value`);
  }
}

async function memoryOf(pid: number): Promise<{ readonly residentMiB: number; readonly peakMiB: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const inMiB = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1]) / 1024;
  return { residentMiB: inMiB('VmRSS'), peakMiB: inMiB('VmHWM') };
}

interface LogLine {
  readonly time: string;
  readonly event: string;
}

interface Versioned {
  readonly Version: { readonly Index: number };
}

/** The index of the latest change that any object shows: that of the Raft log, but for entries that changed nothing else. */
async function raftIndex(engine: OwnEngine): Promise<number> {
  const lists = await Promise.all(
    ['/tasks', '/services', '/configs', '/secrets', '/nodes'].map((path) => engine.api('GET', path)),
  );
  return Math.max(...(lists as Versioned[][]).flat().map(({ Version }) => Version.Index));
}

async function ledgerBytes(engine: OwnEngine): Promise<number> {
  const config = (await engine.api('GET', `/configs/${DRIVER}.ledger`)) as {
    readonly Spec: { readonly Labels: Readonly<Record<string, string>> };
  };
  return Buffer.byteLength(config.Spec.Labels['vault-swarm.ledger'] ?? '');
}

interface BenchTask {
  readonly DesiredState: string;
  readonly Spec: { readonly ForceUpdate?: number };
  readonly Status: { readonly State: string; readonly Timestamp: string };
}

/** The tasks that run, of that generation or a later one. */
async function runningOf(engine: OwnEngine, generation: number): Promise<readonly BenchTask[]> {
  const tasks = (await engine.api('GET', '/tasks')) as BenchTask[];
  return tasks.filter(
    ({ DesiredState, Status, Spec }) =>
      DesiredState === 'running' && Status.State === 'running' && (Spec.ForceUpdate ?? 0) >= generation,
  );
}
