import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchCase } from '../bench.ts';
import { startEngineDouble } from '../engine-double.ts';
import { count } from '../figure.ts';
import { warmUp } from '../requests.ts';

const MINUTE_MS = 60_000;
const MANAGERS = 3;
/** A standby polls about once in a window. */
const WINDOWS = 5;

/** The requests of three idle managers to the provider. */
export const standbys: BenchCase = {
  name: 'standbys',
  heading: ({ rest: { secrets, windowMs } }) =>
    `${MANAGERS} managers, of which one leads, with ${secrets} secrets that do not change, each on a path of its own; the default ` +
    `settings; each has a fake of the engine's API; ${(WINDOWS * windowMs) / 1000} s`,
  perLatency: false,
  forPeers: false,
  async run(bench) {
    const { secrets: paths, windowMs } = bench.scale.rest;
    const secrets = await bench.secrets({ prefix: 'standbys', paths });
    const engines = await Promise.all(
      Array.from({ length: MANAGERS }, (_, nth) =>
        startEngineDouble(join(bench.directory, `engine-${nth}.sock`), bench.labels, { leads: nth === 0 }),
      ),
    );
    for (const { close } of engines) bench.closeAtEnd(close);
    for (const engine of engines) {
      engine.use(secrets);
      const { client } = await bench.start({ DOCKER_HOST: engine.host });
      await warmUp(client, secrets);
    }
    await delay(bench.scale.memory.settleMs);
    await bench.proxy.reset();
    const startedMs = performance.now();
    await delay(WINDOWS * windowMs);
    const minutes = (performance.now() - startedMs) / MINUTE_MS;
    const { requests } = await bench.proxy.counts();
    await bench.stop();
    return [count('requests to Vault a minute', Math.round(requests / minutes), 8 * paths)];
  },
};
