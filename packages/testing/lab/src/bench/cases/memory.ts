import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Bench, BenchCase } from '../bench.ts';
import { startEngineDouble } from '../engine-double.ts';
import { count, mib } from '../figure.ts';
import { median } from '../percentiles.ts';
import { residentMiB } from '../process-use.ts';
import { ask, callsOfTasks } from '../requests.ts';
import type { Running } from '../target.ts';
import { stormOnce, stormSecrets } from './storm.ts';

const INTERVAL_MS = 500;
const SECRETS = 100;
const SAMPLES = 5;

/** The memory of the plugin, and whether it grows. */
export const memory: BenchCase = {
  name: 'memory',
  heading: ({ memory: { ticks, limitMs } }) =>
    `resident set, one after the other in one process; VAULT_ROTATION_INTERVAL=${INTERVAL_MS}ms, ${ticks} ticks or as ` +
    `many as fit into ${limitMs / 1000} s; the engine's API is a fake`,
  perLatency: false,
  forPeers: true,
  async run(bench) {
    const { settleMs, sampleMs, ticks, limitMs } = bench.scale.memory;
    const hundred = await bench.secrets({ prefix: 'memory', paths: SECRETS });
    const ofStorm = await stormSecrets(bench);
    const engine = await startEngineDouble(join(bench.directory, 'engine-memory.sock'), bench.labels);
    bench.closeAtEnd(engine.close);
    const running = await bench.start({ DOCKER_HOST: engine.host, VAULT_ROTATION_INTERVAL: `${INTERVAL_MS}ms` });
    await delay(settleMs);
    const idle = await sample(running, sampleMs);

    const silent = await bench.start({ DOCKER_HOST: engine.host, ENABLE_MONITORING: 'false' });
    await delay(settleMs);
    const withoutMonitoring = await sample(silent, sampleMs);
    await silent.stop();

    engine.use(hundred);
    await ask(running.client, callsOfTasks('web', hundred, 1));
    await delay(settleMs);
    const withSecrets = await sample(running, sampleMs);

    await stormOnce(running.client, ofStorm, bench.scale.storm);
    // Its garbage is collected when the plugin is idle.
    await delay(settleMs);
    const afterStorm = await sample(running, sampleMs);

    await bench.proxy.reset();
    const startedMs = performance.now();
    let halfway: number | undefined;
    let done = 0;
    while (done < ticks && performance.now() - startedMs < limitMs) {
      await delay(INTERVAL_MS);
      done = await pollsOf(bench, hundred[0]?.path ?? '');
      const isHalf = done >= ticks / 2 || performance.now() - startedMs >= limitMs / 2;
      if (isHalf) halfway ??= await sample(running, sampleMs);
    }
    const end = await sample(running, sampleMs);
    await running.stop();
    return [
      mib('idle', idle, 82),
      mib('idle, without monitoring', withoutMonitoring, 72),
      mib(`${SECRETS} secrets`, withSecrets, 100),
      mib('after the storm', afterStorm, 95),
      mib('after half of the ticks', halfway ?? end),
      mib('after the ticks', end, afterStorm),
      count('ticks', done),
    ];
  },
};

async function pollsOf({ proxy }: Bench, path: string): Promise<number> {
  const { byPath } = await proxy.counts();
  return Math.max(0, ...Object.entries(byPath).flatMap(([key, number]) => (key.endsWith(`/${path}`) ? [number] : [])));
}

/** The median of some samples, since memory varies with the garbage. */
async function sample(running: Running, sampleMs: number): Promise<number> {
  const samples: number[] = [];
  for (let nth = 0; nth < SAMPLES; nth++) {
    samples.push(residentMiB(running.pids()));
    await delay(sampleMs / SAMPLES);
  }
  return median(samples);
}
