import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { waitFor } from '../../process/wait-for.ts';
import type { VaultProxyCounts } from '../../servers/vault-proxy.ts';
import type { Bench, BenchCase } from '../bench.ts';
import { SECRETS_PER_SERVICE, startEngineDouble } from '../engine-double.ts';
import { count, type Figure, ms } from '../figure.ts';
import { median } from '../percentiles.ts';
import { processorMs } from '../process-use.ts';

const FIELDS_PER_PATH = 2;
const SETTLE_MS = 60_000;

/** What it costs to find out, again and again, that nothing has changed. */
export const tick: BenchCase = {
  name: 'tick',
  heading: ({ tick: { intervalMs, ticks } }) =>
    `a check secrets that do not change, ${FIELDS_PER_PATH} on each path, ${SECRETS_PER_SERVICE} in each service; the ` +
    `engine is a double of its API; ${ticks} looks, VAULT_ROTATION_INTERVAL=${intervalMs}ms`,
  perLatency: true,
  forPeers: false,
  async run(bench) {
    const figures: Figure[] = [];
    for (const size of bench.scale.tick.sizes) figures.push(...(await measure(bench, size)));
    return figures;
  },
};

async function measure(bench: Bench, size: number): Promise<readonly Figure[]> {
  const { intervalMs, ticks } = bench.scale.tick;
  const paths = Math.ceil(size / FIELDS_PER_PATH);
  const secrets = await bench.secrets({ prefix: `tick-${size}`, paths, fieldsPerPath: FIELDS_PER_PATH });
  const engine = await startEngineDouble(join(bench.directory, `engine-${size}.sock`), bench.labels);
  engine.use(secrets);
  await bench.proxy.reset();
  const running = await bench.start({
    DOCKER_HOST: engine.host,
    VAULT_ROTATION_INTERVAL: `${intervalMs}ms`,
  });
  const settled = { timeoutMs: SETTLE_MS + 5 * intervalMs, intervalMs: 50 };
  await waitFor(async () => looks(await bench.proxy.counts(), paths) >= 2, {
    ...settled,
    what: 'two checks each path',
  });

  await bench.proxy.reset();
  const processorBefore = processorMs(running.pids());
  const startedMs = performance.now();
  await waitFor(async () => looks(await bench.proxy.counts(), paths) >= ticks, {
    ...settled,
    timeoutMs: settled.timeoutMs + 4 * ticks * intervalMs,
    what: `${ticks} checks each path`,
  });
  // To the end of the pause, so that the work of whole ticks is counted.
  await delay(intervalMs / 2);
  const counts = await bench.proxy.counts();
  const processor = processorMs(running.pids()) - processorBefore;
  const tookMs = performance.now() - startedMs;
  const updates = engine.serviceUpdates();
  await running.stop();
  engine.close();
  const of = `${size} secrets: `;
  return [
    count(`${of}requests to Vault for each path`, counts.requests / looks(counts, paths) / paths, 1),
    count(`${of}connections opened`, counts.connections, 0),
    count(`${of}values read`, counts.valueReads, 0),
    count(`${of}service updates`, updates, 0),
    ms(`${of}CPU time of a poll`, processor / looks(counts, paths)),
    ms(`${of}time from look to look`, tookMs / looks(counts, paths)),
  ];
}

/** How often the paths were checked, by whatever request; 0 where only some of them were. */
function looks({ byPath }: VaultProxyCounts, paths: number): number {
  const times = Object.entries(byPath).flatMap(([key, number]) => (key.includes('/bench/tick-') ? [number] : []));
  return times.length < paths ? 0 : median(times);
}
