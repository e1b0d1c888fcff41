import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchCase } from '../bench.ts';
import { startEngineDouble } from '../engine-double.ts';
import { count, mib, ms } from '../figure.ts';
import { processorMs, residentMiB } from '../process-use.ts';
import { warmUp } from '../requests.ts';

const MINUTE_MS = 60_000;

/** The background work of an idle plugin with default settings. */
export const rest: BenchCase = {
  name: 'rest',
  heading: ({ rest: { secrets, windowMs } }) =>
    `${secrets} secrets that do not change, each on its own path and requested once before; the default settings; ` +
    `the engine's API is a fake; ${windowMs / 1000} s`,
  perLatency: true,
  forPeers: true,
  async run(bench) {
    const { secrets: paths, windowMs } = bench.scale.rest;
    const secrets = await bench.secrets({ prefix: 'rest', paths });
    const engine = await startEngineDouble(join(bench.directory, 'engine-rest.sock'), bench.labels);
    bench.closeAtEnd(engine.close);
    engine.use(secrets);
    const running = await bench.start({ DOCKER_HOST: engine.host });
    await warmUp(running.client, secrets);
    await delay(bench.scale.memory.settleMs);

    await bench.proxy.reset();
    const processorBefore = processorMs(running.pids());
    const startedMs = performance.now();
    await delay(windowMs);
    const minutes = (performance.now() - startedMs) / MINUTE_MS;
    const { requests, valueReads, connections } = await bench.proxy.counts();
    const processor = processorMs(running.pids()) - processorBefore;
    const resident = residentMiB(running.pids());
    await running.stop();
    return [
      count('requests to Vault a minute', Math.round(requests / minutes)),
      count('values read a minute', Math.round(valueReads / minutes), 0),
      count('connections opened a minute', Math.round(connections / minutes), 0),
      ms('CPU time a minute', processor / minutes, 400),
      mib('resident set', resident, 100),
    ];
  },
};
