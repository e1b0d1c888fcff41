// `npm run soak -- --minutes 30 [--seed N] [--rate CALLS_PER_SECOND]`: runs the plugin under mixed load and
// changing faults for a long time. Each response is checked. Progress goes to stderr, the table at the end to stdout.
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { SeededRandom } from '@vault-swarm/simulation';
import { tempDirectory } from '../process/sandbox.ts';
import { startVault } from '../servers/vault.ts';
import { startVaultProxy } from '../servers/vault-proxy.ts';
import { startPlugin } from '../swarm/plugin-process.ts';
import { createDriverSecret, startSwarm } from '../swarm/swarm.ts';
import { Deployments } from './deployments.ts';
import { DirectCalls } from './direct-calls.ts';
import { FaultSchedule } from './fault-schedule.ts';
import { bytesOf, growth, type HeapCensus, takeHeapCensus } from './heap-census.ts';
import { startPausableSocket } from './pausable-socket.ts';
import { SecretStore } from './secret-store.ts';

const DRIVER = 'soak';
const LIMITS = { deadlineMs: 2_000, marginMs: 1_500, cacheMaxAgeMs: 2_000, staleIfErrorMs: 60_000 };
const SWARM_SECRETS = Array.from({ length: 12 }, (_, index) => `s${index + 1}`);
const DIRECT_SECRETS = 40;
/** The first part fills all caches. The heap is measured after it. */
const WARM_UP_MS = 5 * 60_000;
const WRITE_EACH_MS = 1_500;
const WRITE_SWARM_EACH_MS = 12_000;
const NEW_SECRET_EACH_MS = 20_000;
const DEPLOY_EACH_MS = 6_000;
const LINE_EACH_MS = 30_000;
const QUIET_MS = 20_000;
const MAX_GROWTH_BYTES = 8 * 1_048_576;

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    rate: { type: 'string', default: '20' },
  },
});
const [minutes, seed, rate] = [Number(options.minutes), Number(options.seed), Number(options.rate)];
if (!(minutes > 0 && rate > 0 && Number.isInteger(seed))) throw new Error('usage: soak --minutes N --seed N --rate N');
const say = (text: string) => process.stderr.write(`${text}\n`);
say(`soak: ${minutes} minutes, --seed ${seed}, ${rate} calls a second`);

const directory = tempDirectory();
const diagnostics = join(directory.path, 'diagnostics');
await mkdir(diagnostics);
const [engine, vault] = await Promise.all([
  startSwarm({ dir: join(directory.path, 'engine') }),
  startVault({ dir: join(directory.path, 'vault') }),
]);
const proxy = await startVaultProxy(vault.addr);
const docker = await startPausableSocket(join(directory.path, 'docker.sock'), engine.socketPath);
// Each part has its own seed, so that the order in which the parts run does not matter.
const random = (part: number) => new SeededRandom(seed * 10 + part);
const store = new SecretStore(vault, random(1));
const schedule = new FaultSchedule(random(2), proxy, docker);
for (let index = 1; index <= DIRECT_SECRETS; index++) await store.write(`direct/d${index}`);
for (const name of SWARM_SECRETS) await store.write(`swarm/${name}`);

const plugin = await startPlugin({
  dir: directory.path,
  env: {
    PLUGIN_NAME: DRIVER,
    DOCKER_HOST: docker.host,
    SECRETS_PROVIDER: 'vault',
    VAULT_ADDR: proxy.addr,
    VAULT_TOKEN: vault.rootToken,
    VAULT_ROTATION_INTERVAL: '1s',
    GETSECRET_DEADLINE: `${LIMITS.deadlineMs}ms`,
    CACHE_MAX_AGE: `${LIMITS.cacheMaxAgeMs}ms`,
    STALE_IF_ERROR: `${LIMITS.staleIfErrorMs}ms`,
    NODE_OPTIONS: `--heapsnapshot-signal=SIGUSR2 --diagnostic-dir=${diagnostics}`,
  },
});
await plugin.waitReady();
for (const name of SWARM_SECRETS) {
  const labels = { vault_path: `swarm/${name}`, vault_field: 'password' };
  await createDriverSecret(engine, { name, driver: DRIVER, labels });
}
const calls = new DirectCalls(plugin.socketPath, { store, schedule, random: random(3), limits: LIMITS });
const deployments = new Deployments(engine, { store, random: random(4), secrets: SWARM_SECRETS });

const problems: string[] = [];
const writing = random(5);
const rssMiB = async () => {
  const status = await readFile(`/proc/${plugin.pid}/status`, 'utf8');
  return Math.round(Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1]) / 1024);
};
const openFiles = async () => (await readFile(`/proc/${plugin.pid}/status`, 'utf8')).match(/^FDSize:\s*(\d+)/m)?.[1];
const startedAt = performance.now();

/** Repeats an action with a pause in between, until the signal. Its errors are problems. */
async function repeat(what: string, eachMs: number, signal: AbortSignal, action: () => unknown): Promise<void> {
  const pause = () => delay(eachMs, undefined, { signal }).catch(() => undefined);
  for (await pause(); !signal.aborted; await pause()) {
    try {
      await action();
    } catch (error) {
      problems.push(`${what}: ${String(error)}`);
    }
  }
}

let reported = 0;
async function line(): Promise<void> {
  const { asked, values, refusals } = calls.counts;
  const { p50, p99, longest } = calls.takeDurations();
  const wrong = calls.problems.length + problems.length;
  const minute = ((performance.now() - startedAt) / 60_000).toFixed(1);
  say(
    `${minute.padStart(5)} min  asked ${asked}  values ${values}  refused ${refusals}  wrong ${wrong}  ` +
      `ms ${p50}/${p99}/${longest}  RSS ${await rssMiB()} MiB  written ${store.written}  ${schedule.now}`,
  );
  for (const problem of [...calls.problems, ...problems].slice(reported)) say(`  WRONG ${problem}`);
  reported = wrong;
}

/** Runs load and faults for a time. Then waits until all services have settled, and measures the heap. */
async function runPart(durationMs: number): Promise<HeapCensus> {
  const signal = AbortSignal.timeout(durationMs);
  const during = (ms: number) => delay(ms, undefined, { signal }).catch(() => undefined);
  let newest = store.names('new/').length;
  await Promise.all([
    schedule.run(signal, async (ms) => void (await during(ms))),
    repeat('a call', 1_000 / rate, signal, () => calls.start()),
    repeat('a write', WRITE_EACH_MS, signal, () => store.write(writing.pick(store.names('direct/')))),
    repeat('a rotation', WRITE_SWARM_EACH_MS, signal, () => store.write(writing.pick(store.names('swarm/')))),
    repeat('a new secret', NEW_SECRET_EACH_MS, signal, () => store.write(`new/n${++newest}`)),
    repeat('a deployment', DEPLOY_EACH_MS, signal, () => deployments.change()),
    repeat('a line', LINE_EACH_MS, signal, line),
  ]);
  await calls.settled();
  await deployments.areSettled().catch((error: unknown) => problems.push(`at the end of a part: ${String(error)}`));
  await delay(QUIET_MS);
  const census = await takeHeapCensus(plugin.pid, diagnostics);
  say(`heap ${mib(bytesOf(census))} MiB, RSS ${await rssMiB()} MiB, table of files ${await openFiles()}`);
  return census;
}

const mib = (bytes: number) => (bytes / 1_048_576).toFixed(2);
const totalMs = minutes * 60_000;
const warm = await runPart(Math.min(WARM_UP_MS, totalMs / 2));
const end = await runPart(totalMs - Math.min(WARM_UP_MS, totalMs / 2));
await line();

const grown = bytesOf(end) - bytesOf(warm);
if (grown > MAX_GROWTH_BYTES) problems.push(`the heap grew by ${mib(grown)} MiB after the first part`);
const unhandled = plugin.logs().match(/unhandled|uncaught/gi)?.length ?? 0;
if (unhandled > 0) problems.push(`the plugin logged ${unhandled} unhandled errors`);
const wrong = [...calls.problems, ...problems];
const rows: readonly (readonly [string, unknown])[] = [
  ['seed', seed],
  ['calls', calls.counts.asked],
  ['values', calls.counts.values],
  ['refusals', calls.counts.refusals],
  ['longest answer, ms', Math.round(calls.counts.maxMs)],
  ['values written', store.written],
  ['services', JSON.stringify(deployments.counts)],
  ['faults', JSON.stringify(schedule.counts)],
  ['heap after the first part, MiB', mib(bytesOf(warm))],
  ['heap at the end, MiB', mib(bytesOf(end))],
  ['RSS at the end, MiB', await rssMiB()],
  ...growth(warm, end)
    .slice(0, 12)
    .map(([name, bytes]) => [`  grown: ${name}`, `${Math.round(bytes / 1024)} KiB`] as const),
  ['wrong', wrong.length],
];
process.stdout.write(`${rows.map(([name, value]) => `${name.padEnd(50)}${value}`).join('\n')}\n`);
for (const problem of wrong.slice(0, 50)) process.stdout.write(`WRONG ${problem}\n`);

calls.close();
await plugin.kill();
docker.close();
await proxy.close();
await Promise.all([engine.kill(), vault.kill()]);
process.exitCode = wrong.length === 0 ? 0 : 1;
