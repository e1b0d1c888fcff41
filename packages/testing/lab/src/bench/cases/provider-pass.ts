import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '../../process/wait-for.ts';
import type { Bench, BenchCase } from '../bench.ts';
import type { BenchSecret } from '../catalog.ts';
import { startEngineDouble } from '../engine-double.ts';
import { count, type Figure, kib } from '../figure.ts';
import { median } from '../percentiles.ts';
import { type Asked, providerFixtures } from '../provider-fixture.ts';

/** The length of a generated password. */
const VALUE_LENGTH = 32;
const MAX_PASS_MS = 120_000;
/** Passes that read the values and choose the probe strategy. They are not measured. */
const FIRST_PASSES = 2;
/** If polls still differ after this many, they are not those of unchanged secrets. */
const MAX_PASSES = 30;

/** The requests to each provider in polls of secrets that do not change. */
export const providerPass: BenchCase = {
  name: 'provider-pass',
  heading: ({ providerPass: { passes } }) =>
    `requests and bytes (of the bodies, in both directions) of one poll of secrets that do not change, each on a path of its own; ` +
    `the median of ${passes} polls; AWS and the engine's API are fakes`,
  perLatency: false,
  forPeers: false,
  async run(bench) {
    const figures: Figure[] = [];
    for (const [name, set] of Object.entries(providerFixtures)) {
      for (const size of bench.scale.providerPass.sizes) {
        const directory = join(bench.directory, `${name.replaceAll(/\W+/g, '-')}-${size}`);
        await mkdir(directory);
        const stand = await set(bench, directory);
        try {
          const { requests, bytes, valueReads } = await measure(bench, stand, secretsOf(size), directory);
          const of = `${name}, ${size} secrets: `;
          figures.push(count(`${of}requests`, requests), count(`${of}with values`, valueReads));
          if (bytes !== null) figures.push(kib(`${of}sent and received`, bytes / 1024));
        } finally {
          await stand.stop();
        }
      }
    }
    return figures;
  },
};

type Stand = Awaited<ReturnType<(typeof providerFixtures)[string]>>;

function secretsOf(size: number): readonly BenchSecret[] {
  return Array.from({ length: size }, (_, index) => {
    const path = `bench/pass-${size}/path-${index}`;
    return { name: `pass-${size}-${index}`, path, field: 'password', value: `${index}`.padEnd(VALUE_LENGTH, 'x') };
  });
}

async function measure(bench: Bench, stand: Stand, secrets: readonly BenchSecret[], directory: string): Promise<Asked> {
  const { intervalMs, passes } = bench.scale.providerPass;
  await stand.write(secrets);
  const engine = await startEngineDouble(join(directory, 'engine.sock'), stand.labels);
  engine.use(secrets);
  const running = await bench.start({
    DOCKER_HOST: engine.host,
    VAULT_ROTATION_INTERVAL: `${intervalMs}ms`,
    ...stand.env,
  });
  try {
    let before = await atRest(stand, intervalMs, { requests: 0, bytes: 0, valueReads: 0 });
    const asked: Asked[] = [];
    while (!areAlike(asked.slice(FIRST_PASSES).slice(-passes), passes)) {
      if (asked.length >= MAX_PASSES)
        throw new Error(`no ${passes} polls in a row are alike: ${JSON.stringify(asked)}`);
      const after = await atRest(stand, intervalMs, before);
      const bytes = after.bytes === null || before.bytes === null ? null : after.bytes - before.bytes;
      const { requests, valueReads } = after;
      asked.push({ requests: requests - before.requests, valueReads: valueReads - before.valueReads, bytes });
      before = after;
    }
    const measured = asked.slice(-passes);
    const middle = (of: (each: Asked) => number) => median(measured.map(of));
    return {
      requests: middle(({ requests }) => requests),
      bytes: measured.some(({ bytes }) => bytes === null) ? null : middle(({ bytes }) => bytes ?? 0),
      valueReads: middle(({ valueReads }) => valueReads),
    };
  } finally {
    await running.stop();
    engine.close();
  }
}

/** Whether these are so many polls, which asked the same. A poll that a busy machine interrupts seems to be two. */
function areAlike(polls: readonly Asked[], count: number): boolean {
  const isAlike = ({ requests, valueReads }: Asked) =>
    requests === polls[0]?.requests && valueReads === polls[0]?.valueReads;
  return polls.length === count && polls.every(isAlike);
}

/** Waits until a poll has ended: the provider got more requests than `before`, and then none for half of the interval. */
async function atRest(stand: Stand, intervalMs: number, before: Asked): Promise<Asked> {
  let latest = before;
  let sinceMs = performance.now();
  return waitFor(
    async (see) => {
      const asked = await stand.asked();
      see(asked);
      if (asked.requests !== latest.requests) {
        latest = asked;
        sinceMs = performance.now();
      }
      return latest.requests > before.requests && performance.now() - sinceMs > intervalMs / 2 && asked;
    },
    { timeoutMs: MAX_PASS_MS, intervalMs: 25, what: 'a poll to end' },
  );
}
