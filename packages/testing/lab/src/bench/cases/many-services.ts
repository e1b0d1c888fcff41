import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { waitFor } from '../../process/wait-for.ts';
import type { Bench, BenchCase } from '../bench.ts';
import type { BenchSecret } from '../catalog.ts';
import { count, type Figure, mib, ms } from '../figure.ts';
import { type ManyServices, startManyServices } from '../many-services.ts';
import { percentile } from '../percentiles.ts';
import { processorMs, residentMiB } from '../process-use.ts';
import { WrongAnswer, warmUp } from '../requests.ts';
import type { Running } from '../target.ts';

const MINUTE_MS = 60_000;
const SECRETS_PER_SERVICE = 20;
const TASKS = 3;
const PATHS = 5;
/** The pause between two calls of the measuring client. */
const CALL_EVERY_MS = 5;
/** At least one pass happens in this time. */
const PASSES_MS = 25_000;
const ROLLOUT_MS = 10 * MINUTE_MS;
/** With a shorter window, as on the quick scale, there are fewer services too. */
const QUICK_WINDOW_MS = 5_000;

/** The cost of observing many services, and the response times meanwhile. */
export const manyServices: BenchCase = {
  name: 'many-services',
  heading: () =>
    `1,000 and 3,000 services of ${TASKS} tasks with ${SECRETS_PER_SERVICE} secrets each, at rest; the default settings; the ` +
    'engine is a double of its API',
  perLatency: false,
  forPeers: false,
  async run(bench) {
    const isQuick = bench.scale.rest.windowMs < QUICK_WINDOW_MS;
    const figures: Figure[] = [];
    for (const services of isQuick ? [30] : [1_000, 3_000]) {
      figures.push(...(await withServices(bench, services, (world) => atRest(bench, services, world))));
    }
    return figures;
  },
};

/** The duration of a rollout to many services, and the response times meanwhile. */
export const largeRollout: BenchCase = {
  name: 'large-rollout',
  heading: () =>
    `a secret that 300 services of ${TASKS} tasks share is rotated, each task asks for ${SECRETS_PER_SERVICE} secrets; ` +
    'VAULT_ROTATION_INTERVAL=1s; the engine is a double of its API',
  perLatency: false,
  forPeers: false,
  async run(bench) {
    const services = bench.scale.rest.windowMs < QUICK_WINDOW_MS ? 12 : 300;
    return withServices(bench, services, (world) => rollout(bench, services, world), { VAULT_ROTATION_INTERVAL: '1s' });
  },
};

interface World {
  readonly engine: ManyServices;
  readonly running: Running;
  readonly secrets: readonly BenchSecret[];
}

async function withServices(
  bench: Bench,
  services: number,
  measure: (world: World) => Promise<readonly Figure[]>,
  env: Readonly<Record<string, string>> = {},
): Promise<readonly Figure[]> {
  const prefix = `many-${services}`;
  const secrets = await bench.secrets({ prefix, paths: PATHS, fieldsPerPath: SECRETS_PER_SERVICE });
  const shape = { services, tasks: TASKS, secretsPerService: SECRETS_PER_SERVICE };
  const engine = await startManyServices(join(bench.directory, `${prefix}.sock`), secrets, bench.labels, shape);
  try {
    const running = await bench.start({ DOCKER_HOST: engine.host, ...env });
    engine.drivenBy(running.socketPath);
    await warmUp(running.client, secrets);
    await passes(engine, 2);
    const figures = await measure({ engine, running, secrets });
    await running.stop();
    return figures;
  } finally {
    await engine.close();
  }
}

/** Resolves after `number` more passes. */
async function passes(engine: ManyServices, number: number): Promise<void> {
  const { taskLists } = await engine.counts();
  await waitFor(async () => (await engine.counts()).taskLists >= taskLists + number, {
    timeoutMs: number * PASSES_MS,
    intervalMs: 50,
    what: `${number} passes`,
  });
}

async function atRest(bench: Bench, services: number, { engine, running, secrets }: World): Promise<readonly Figure[]> {
  const { windowMs } = bench.scale.rest;
  const before = { processor: processorMs(running.pids()), ...(await engine.counts()) };
  const startedMs = performance.now();
  await delay(windowMs);
  const minutes = (performance.now() - startedMs) / MINUTE_MS;
  const processor = processorMs(running.pids()) - before.processor;
  const { bytes } = await engine.counts();
  const resident = residentMiB(running.pids());
  const timesMs = await callUntil(running, secrets.filter(isMeasured), delay(windowMs / 2));
  const of = `${services} services: `;
  const isLarge = services > 1_000;
  return [
    ms(`${of}CPU time a minute`, processor / minutes, isLarge ? undefined : 3_000),
    mib(`${of}read from the engine a minute`, (bytes - before.bytes) / minutes / 2 ** 20),
    mib(`${of}resident set`, resident, isLarge ? undefined : 140),
    ms(`${of}GetSecret p99`, percentile(timesMs, 0.99), 10),
    ms(`${of}longest answer`, Math.max(...timesMs), isLarge ? 100 : 50),
  ];
}

async function rollout(
  bench: Bench,
  services: number,
  { engine, running, secrets }: World,
): Promise<readonly Figure[]> {
  const [shared] = secrets;
  if (shared === undefined) throw new Error('there are no secrets');
  const ofPath = secrets.filter(({ path }) => path === shared.path);
  const data = Object.fromEntries(ofPath.map(({ field, value }) => [field, field === shared.field ? 'new' : value]));
  const processor = processorMs(running.pids());
  const passesBefore = (await engine.counts()).taskLists;
  const startedMs = performance.now();
  await bench.vault.request('POST', `secret/data/${shared.path}`, { data });
  const done = waitFor(async () => (await engine.counts()).updated >= services, {
    timeoutMs: ROLLOUT_MS,
    intervalMs: 100,
    what: 'all services to be updated',
  });
  const timesMs = await callUntil(running, secrets.filter(isMeasured), done);
  const tookMs = performance.now() - startedMs;
  const { updated, updatingAtMost, taskLists } = await engine.counts();
  const usedMs = processorMs(running.pids()) - processor;
  return [
    ms('to the last service', tookMs),
    count('updates of services', updated, services),
    count('services updated at the same time, at most', updatingAtMost, 50),
    count('passes', taskLists - passesBefore),
    ms('CPU time for each service', usedMs / services),
    ms('GetSecret p99', percentile(timesMs, 0.99), 5),
    ms('longest answer', Math.max(...timesMs)),
    mib('resident set', residentMiB(running.pids())),
  ];
}

/**
 * Not the first one, whose value changes, nor those that no service uses: when one of them is delivered, the plugin asks the
 * engine at once which service has it.
 */
function isMeasured(_: BenchSecret, index: number): boolean {
  return index % SECRETS_PER_SERVICE !== 0;
}

/** The durations of calls for cached values, one every few milliseconds until an action is done. */
async function callUntil(
  { client }: Running,
  secrets: readonly BenchSecret[],
  done: Promise<unknown>,
): Promise<readonly number[]> {
  const state = { isDone: false };
  const ending = done.finally(() => Object.assign(state, { isDone: true }));
  // The action may reject during a call.
  ending.catch(() => undefined);
  const timesMs: number[] = [];
  while (!state.isDone) {
    const secret = secrets[timesMs.length % secrets.length];
    if (secret === undefined) break;
    const calledMs = performance.now();
    const answer = await client.getSecret({ secret, service: 'other', task: 'other-task' });
    timesMs.push(performance.now() - calledMs);
    if (answer.kind !== 'value' || answer.value !== secret.value)
      throw new WrongAnswer(`${secret.name}: a wrong answer`);
    await delay(CALL_EVERY_MS);
  }
  await ending;
  return timesMs;
}
