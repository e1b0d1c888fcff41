import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchCase } from '../bench.ts';
import { startEngineDouble } from '../engine-double.ts';
import { count, mib, ms } from '../figure.ts';
import { processorMs, residentMiB } from '../process-use.ts';
import { warmUp } from '../requests.ts';
import type { Running } from '../target.ts';

const MINUTE_MS = 60_000;

/** The background work of an idle plugin with default settings. */
export const rest: BenchCase = {
  name: 'rest',
  heading: ({ rest: { secrets, windowMs } }) =>
    `${secrets} secrets that do not change, each on its own path and requested once before; the default settings; ` +
    `the engine's API is a fake; the first ${windowMs / 1000} s, and as much when V8 has compiled what is called often`,
  perLatency: true,
  forPeers: true,
  async run(bench) {
    const { secrets: paths, windowMs, pauseMs } = bench.scale.rest;
    const secrets = await bench.secrets({ prefix: 'rest', paths });
    const engine = await startEngineDouble(join(bench.directory, 'engine-rest.sock'), bench.labels);
    bench.closeAtEnd(engine.close);
    engine.use(secrets);
    const running = await bench.start({ DOCKER_HOST: engine.host });
    await warmUp(running.client, secrets);
    await delay(bench.scale.memory.settleMs);

    await bench.proxy.reset();
    const { minutes, perMinute: first } = await processorOver(running, windowMs);
    const { requests, valueReads, connections } = await bench.proxy.counts();
    await delay(pauseMs);
    const { perMinute: later } = await processorOver(running, windowMs);
    const resident = residentMiB(running.pids());
    await running.stop();
    return [
      count('requests to Vault a minute', Math.round(requests / minutes)),
      count('values read a minute', Math.round(valueReads / minutes), 0),
      count('connections opened a minute', Math.round(connections / minutes), 0),
      ms('CPU time of the first minute', first, 400),
      ms('CPU time of a later minute', later),
      mib('resident set', resident, 100),
    ];
  },
};

/** The CPU time for each minute, within `windowMs`. */
async function processorOver(running: Running, windowMs: number) {
  const before = processorMs(running.pids());
  const startedMs = performance.now();
  await delay(windowMs);
  const minutes = (performance.now() - startedMs) / MINUTE_MS;
  return { minutes, perMinute: (processorMs(running.pids()) - before) / minutes };
}
