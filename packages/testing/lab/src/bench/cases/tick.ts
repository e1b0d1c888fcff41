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

/** The cost of polls that find no change. */
export const tick: BenchCase = {
  name: 'tick',
  heading: ({ tick: { intervalMs, ticks } }) =>
    `a poll of secrets that do not change, ${FIELDS_PER_PATH} on each path, ${SECRETS_PER_SERVICE} in each service; the ` +
    `engine is a double of its API; ${ticks} polls, VAULT_ROTATION_INTERVAL=${intervalMs}ms`,
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
  bench.closeAtEnd(engine.close);
  engine.use(secrets);
  await bench.proxy.reset();
  const running = await bench.start({
    DOCKER_HOST: engine.host,
    VAULT_ROTATION_INTERVAL: `${intervalMs}ms`,
  });
  const settled = { timeoutMs: SETTLE_MS + 5 * intervalMs, intervalMs: 50 };
  await waitFor(async () => polls(await bench.proxy.counts(), paths) >= 2, {
    ...settled,
    what: 'two polls of each path',
  });

  await bench.proxy.reset();
  const processorBefore = processorMs(running.pids());
  const startedMs = performance.now();
  await waitFor(async () => polls(await bench.proxy.counts(), paths) >= ticks, {
    ...settled,
    timeoutMs: settled.timeoutMs + 4 * ticks * intervalMs,
    what: `${ticks} polls of each path`,
  });
  // Wait for the end of the pause, so that the work of whole ticks is counted.
  await delay(intervalMs / 2);
  const counts = await bench.proxy.counts();
  const processor = processorMs(running.pids()) - processorBefore;
  const tookMs = performance.now() - startedMs;
  const updates = engine.serviceUpdates();
  await running.stop();
  const of = `${size} secrets: `;
  return [
    count(`${of}requests to Vault for each path`, counts.requests / polls(counts, paths) / paths, 1),
    count(`${of}connections opened`, counts.connections, 0),
    count(`${of}values read`, counts.valueReads, 0),
    count(`${of}service updates`, updates, 0),
    ms(`${of}CPU time of a poll`, processor / polls(counts, paths)),
    ms(`${of}time between polls`, tookMs / polls(counts, paths)),
  ];
}

/** How often all paths were polled, by any request; 0 if only some of them were. */
function polls({ byPath }: VaultProxyCounts, paths: number): number {
  const times = Object.entries(byPath).flatMap(([key, number]) => (key.includes('/bench/tick-') ? [number] : []));
  return times.length < paths ? 0 : median(times);
}
