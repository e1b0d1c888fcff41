// `npm run bench:rotation`: what the rotation of one secret that many services share costs. One manager, a real Vault; the
// table goes to stderr, the figures as one JSON value to stdout.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tempFolder } from '../box.ts';
import { startPlugin } from '../plugin-process.ts';
import { createDriverSecret, createService, readSecret, runningTasks, startSwarm } from '../swarm.ts';
import { startVault } from '../vault.ts';
import { waitFor } from '../wait-for.ts';
import { type CallCount, startCountingProxy } from './counting-proxy.ts';

const SERVICES = Number(process.env.BENCH_SERVICES || 60);
const DRIVER = 'bench-rotation';
const SETTLE_MS = 10 * 60_000;
const AT_REST_MS = 30_000;

interface Memory {
  readonly rssMiB: number;
  readonly peakMiB: number;
}

const folder = tempFolder();
const [engine, vault] = await Promise.all([
  startSwarm({
    dir: join(folder.path, 'engine'),
    ...(process.env.SWARM_DOCKERD ? { dockerd: process.env.SWARM_DOCKERD } : {}),
  }),
  startVault({ dir: join(folder.path, 'vault') }),
]);
const proxy = await startCountingProxy(join(folder.path, 'proxy.sock'), engine.socketPath);

const write = (secret: string, password: string) =>
  vault.request('POST', `secret/data/${secret}`, { data: { password } });

async function memoryOf(pid: number): Promise<Memory> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const mib = (name: string) => Math.round(Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1]) / 1024);
  return { rssMiB: mib('VmRSS'), peakMiB: mib('VmHWM') };
}

interface Versioned {
  readonly Version: { readonly Index: number };
}

/** The index of the latest change that any object shows: that of the Raft log, but for entries that changed nothing else. */
async function raftIndex(): Promise<number> {
  const lists = await Promise.all(
    ['/tasks', '/services', '/configs', '/secrets', '/nodes'].map((path) => engine.api('GET', path)),
  );
  return Math.max(...(lists as Versioned[][]).flat().map(({ Version }) => Version.Index));
}

async function ledgerBytes(): Promise<number> {
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
async function runningOf(generation: number): Promise<readonly BenchTask[]> {
  const tasks = (await engine.api('GET', '/tasks')) as BenchTask[];
  return tasks.filter(
    ({ DesiredState, Status, Spec }) =>
      DesiredState === 'running' && Status.State === 'running' && (Spec.ForceUpdate ?? 0) >= generation,
  );
}

const services = Array.from({ length: SERVICES }, (_, index) => `service-${index + 1}`);
await write('shared', 'value-1');
for (const name of services) for (const part of ['a', 'b']) await write(`${name}-${part}`, 'value-1');

const plugin = await startPlugin({
  dir: folder.path,
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

interface LogLine {
  readonly time: string;
  readonly event: string;
}
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
const settled = { timeoutMs: SETTLE_MS, intervalMs: 1_000 };
await waitFor(async () => (await runningOf(0)).length === SERVICES, { ...settled, what: 'all services to run' });

/** Lets the time pass that a measurement takes. */
const atRest = async () => {
  const since = performance.now();
  proxy.reset();
  await waitFor(() => performance.now() - since > AT_REST_MS, { timeoutMs: 2 * AT_REST_MS, what: 'the time to pass' });
  return proxy.counts();
};
const callsAtRest = await atRest();
const before = { memory: await memoryOf(plugin.pid), ledgerBytes: await ledgerBytes(), raftIndex: await raftIndex() };

proxy.reset();
let largestLedger = before.ledgerBytes;
const writtenAt = Date.now();
await write('shared', 'value-2');
await waitFor(
  async () => {
    largestLedger = Math.max(largestLedger, await ledgerBytes());
    return logged('rollout.completed').length >= SERVICES;
  },
  { ...settled, what: 'all rollouts to be completed' },
);
const calls = proxy.counts();
const ended = logged('rollout.completed').at(-1)?.time ?? '';
const tasks = await runningOf(1);
const lastTaskAt = Math.max(...tasks.map(({ Status }) => Date.parse(Status.Timestamp)));
const values = await Promise.all(
  services.map(async (name) => {
    const [task] = await runningTasks(engine, name);
    return (await readSecret(engine, task?.containerId ?? '', 'shared')).toString();
  }),
);
const wrong = values.filter((value) => value !== 'value-2').length;
await waitFor(async () => (await ledgerBytes()) <= before.ledgerBytes + SERVICES, {
  ...settled,
  what: 'the ledger to close',
});

const callsOf = (pattern: string) => calls[pattern]?.calls ?? 0;
const figures = {
  engine: engine.version,
  services: SERVICES,
  secrets: 2 * SERVICES + 1,
  secondsToEveryTask: (lastTaskAt - writtenAt) / 1000,
  secondsToClosed: (Date.parse(ended) - writtenAt) / 1000,
  tasksWithAnotherValue: wrong,
  rollouts: { started: logged('rollout.started').length, failed: logged('rollout.failed').length },
  configWrites: callsOf('POST /configs/{id}/update'),
  serviceUpdates: callsOf('POST /services/{id}/update'),
  raftEntries: (await raftIndex()) - before.raftIndex,
  ledgerBytes: { before: before.ledgerBytes, largest: largestLedger, after: await ledgerBytes() },
  memory: { before: before.memory, after: await memoryOf(plugin.pid) },
  calls,
  callsIn30sAtRest: callsAtRest,
};
process.stderr.write(`${table(figures.calls, 'during the rotation')}\n${table(callsAtRest, 'in 30 s at rest')}\n`);
process.stdout.write(`${JSON.stringify(figures, undefined, 1)}\n`);

await plugin.kill();
proxy.close();
await Promise.all([engine.kill(), vault.kill()]);
process.exitCode = wrong === 0 ? 0 : 1;

function table(counts: Readonly<Record<string, CallCount>>, when: string): string {
  const rows = Object.entries(counts).map(
    ([pattern, { calls, failed, bytes }]) =>
      `${pattern.padEnd(44)}${String(calls).padStart(7)}${String(failed).padStart(8)}${String(Math.round(bytes / 1024)).padStart(9)}`,
  );
  return [`${`calls ${when}`.padEnd(44)}  calls  failed      KiB`, ...rows].join('\n');
}
