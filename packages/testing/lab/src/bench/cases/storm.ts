import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BARE_SERVER, startBareServer } from '../bare-server.ts';
import type { Bench, BenchCase } from '../bench.ts';
import type { BenchSecret } from '../catalog.ts';
import type { DriverClient, SecretCall } from '../driver-client.ts';
import { startEngineDouble } from '../engine-double.ts';
import { count, ms } from '../figure.ts';
import { median } from '../percentiles.ts';
import { ask } from '../requests.ts';
import type { StormScale } from '../scale.ts';

const CONCURRENCY = 8;
/** A task's request reads a path. The first poll, and one that deliveries cause, ask for changes, and may read it too. */
const REQUESTS_PER_PATH = 4;
/** The login, the mount, and background work. */
const FURTHER_REQUESTS = 10;
/** A storm that takes longer is measured only once: variations of the machine do not matter then. */
const LONG_MS = 60_000;

/** A storm: all tasks request all of their secrets again, as after a change of the leader or a reconnect of an agent. */
export const storm: BenchCase = {
  name: 'storm',
  heading: ({ storm: scale }) =>
    `${callCount(scale)} calls: ${scale.services * scale.tasksPerService} tasks × ${perTask(scale)} secrets, of which ` +
    `${scale.services * perTask(scale)} are distinct, on ${pathCount(scale)} paths; the plugin has just started; the engine is a fake; ` +
    `median of ${scale.runs}, or one of more than ${LONG_MS / 1000} s`,
  perLatency: true,
  forPeers: true,
  async run(bench) {
    const { storm: scale } = bench.scale;
    const secrets = await stormSecrets(bench);
    const calls = stormCalls(secrets, scale);
    const engine = await startEngineDouble(join(bench.directory, 'engine-storm.sock'), bench.labels);
    bench.closeAtEnd(engine.close);
    engine.use(secrets, { services: scale.services, tasks: scale.tasksPerService, secretsEach: perTask(scale) });
    const measure = async (concurrency: number) => {
      const times: number[] = [];
      const requests: number[] = [];
      const reads: number[] = [];
      const bare: number[] = [];
      for (let run = 0; run < scale.runs && (times.at(-1) ?? 0) < LONG_MS; run++) {
        await bench.proxy.reset();
        const running = await bench.start({ DOCKER_HOST: engine.host });
        times.push((await ask(running.client, calls, { concurrency })).totalMs);
        const counts = await bench.proxy.counts();
        requests.push(counts.requests);
        reads.push(counts.valueReads);
        await running.stop();
        // Alternates, so that other load of the machine affects both.
        if (bench.target === 'plugin') bare.push(await bareStorm(bench, `${concurrency}-${run}`, calls, concurrency));
      }
      return { timeMs: median(times), requests: median(requests), reads: median(reads), bare };
    };
    const oneByOne = await measure(1);
    const together = await measure(CONCURRENCY);
    const rows = (how: string, { timeMs, requests, reads, bare }: typeof oneByOne, atMostMs: number) => [
      ms(how, timeMs, atMostMs),
      ...(bare.length > 0 ? [ms(`${how}: a bare Node HTTP server`, median(bare))] : []),
      count(`${how}: requests to Vault`, requests, REQUESTS_PER_PATH * pathCount(scale) + FURTHER_REQUESTS),
      // Each by a request of a task, and perhaps by the first poll.
      count(`${how}: values read`, reads, 2 * pathCount(scale)),
    ];
    return [...rows('one by one', oneByOne, 3_000), ...rows(`${CONCURRENCY} at a time`, together, 1_100)];
  },
};

/** The same calls to a server that has just started and answers a constant: the least that Node and the client need. */
async function bareStorm(
  bench: Bench,
  name: string,
  calls: readonly SecretCall[],
  concurrency: number,
): Promise<number> {
  const dir = join(bench.directory, `bare-${name}`);
  await mkdir(dir, { recursive: true });
  const { client, stop } = await startBareServer(dir, BARE_SERVER.answersConstant);
  const waiting = calls.values();
  const work = async () => {
    for (const call of waiting) {
      if ((await client.getSecret(call)).kind !== 'value') throw new Error('the bare server gave no value');
    }
  };
  try {
    const startedMs = performance.now();
    await Promise.all(Array.from({ length: concurrency }, work));
    return performance.now() - startedMs;
  } finally {
    await stop();
  }
}

/** Writes the secrets of the storm, grouped by service. */
export function stormSecrets(bench: Bench): Promise<readonly BenchSecret[]> {
  const { storm: scale } = bench.scale;
  return bench.secrets({ prefix: 'storm', paths: pathCount(scale), fieldsPerPath: scale.fieldsPerPath });
}

/** One storm, eight calls at a time. */
export async function stormOnce(client: DriverClient, secrets: readonly BenchSecret[], scale: StormScale) {
  return ask(client, stormCalls(secrets, scale), { concurrency: CONCURRENCY });
}

/** All calls: one task of each service, then the next task of each. */
function stormCalls(secrets: readonly BenchSecret[], scale: StormScale): readonly SecretCall[] {
  const calls: SecretCall[] = [];
  for (let task = 0; task < scale.tasksPerService; task++) {
    for (let service = 0; service < scale.services; service++) {
      const start = service * perTask(scale);
      for (const secret of secrets.slice(start, start + perTask(scale))) {
        calls.push({ secret, service: `service-${service}`, task: `task-${service}-${task}` });
      }
    }
  }
  return calls;
}

const perTask = ({ pathsPerService, fieldsPerPath }: StormScale) => pathsPerService * fieldsPerPath;
const pathCount = ({ services, pathsPerService }: StormScale) => services * pathsPerService;
const callCount = (scale: StormScale) => scale.services * scale.tasksPerService * perTask(scale);
