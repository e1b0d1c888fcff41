import type { Clock } from '@vault-swarm/kernel';
import {
  type ChangeHints,
  type ProbeResult,
  ProviderError,
  type ProviderInstance,
  refKey,
  type SecretRef,
  SecretValue,
} from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import type { ClusterBindings } from '../bindings/secret-binding.ts';
import type { RotationPorts } from '../ports/rotation-ports.ts';
import { ProviderPoller } from './provider-poller.ts';

const INTERVAL_MS = 1_000;
const SECRETS_EACH = 500;

/** Time that a test lets pass: timers are called in their order, and what they start has its turns before the next. */
class SteppedClock implements Clock {
  readonly #timers = new Set<{ readonly atMs: number; readonly callback: () => void }>();
  #nowMs = 0;

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  async advance(durationMs: number): Promise<void> {
    const untilMs = this.#nowMs + durationMs;
    for (;;) {
      await turns();
      const [next] = [...this.#timers].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#nowMs = next.atMs;
      next.callback();
    }
    this.#nowMs = untilMs;
  }
}

const turns = () => new Promise<void>((resolve) => setImmediate(resolve));

const refsOf = (provider: string) =>
  Array.from({ length: SECRETS_EACH }, (_, index): SecretRef => {
    return { provider, location: { path: `p${index}` }, encoding: 'raw' };
  });

/** Two providers with five hundred secrets each, of which one answers and the other may hang. */
function setUp({ hangs }: { readonly hangs: boolean }) {
  const clock = new SteppedClock();
  const refs = { good: refsOf('good'), bad: refsOf('bad') };
  let version = 1;
  const polledAtMs: number[] = [];
  /** How many refs each poll of the good provider was about. */
  const polledRefs: number[] = [];
  let hint: Parameters<ChangeHints['onHint']>[0] = () => undefined;
  let isDown = false;
  const markers = (given: readonly SecretRef[]) =>
    new Map(given.map((ref) => [refKey(ref), { kind: 'marker', marker: `${version}` } satisfies ProbeResult]));
  const never = new Promise<never>(() => undefined);
  const instances: Readonly<Record<string, Partial<ProviderInstance>>> = {
    good: {
      hints: {
        onHint: (listener) => {
          hint = listener;
          return () => undefined;
        },
      },
      probe: {
        probe: async (given) => {
          polledRefs.push(given.length);
          polledAtMs.push(clock.monotonic());
          if (isDown) throw new ProviderError('UNAVAILABLE', 'down');
          return markers(given);
        },
      },
    },
    bad: { hints: null, probe: { probe: async (given) => (hangs ? never : markers(given)) } },
  };
  let newsAtMs: number | null = null;
  const ports = {
    providers: ['good', 'bad'],
    findProvider: async (name: string) => instances[name],
    values: {
      refresh: async ({ provider }: SecretRef) =>
        provider === 'bad' && hangs ? never : { value: SecretValue.fromText(`${version}`), revision: `${version}` },
      revalidate: () => undefined,
      newest: () => undefined,
      reportProbe: () => undefined,
    },
    digest: { digest: (_key: string, bytes: Uint8Array) => Buffer.from(bytes).toString(), generateKey: () => 'key' },
    clock,
    random: { next: () => 0 },
    events: { emit: () => undefined },
  } as unknown as RotationPorts;
  const goodKeys = refs.good.map(refKey);
  const poller = new ProviderPoller(ports, {
    intervalMs: INTERVAL_MS,
    digestKey: 'key',
    formerDigestKey: null,
    onNews: () => {
      const isFound = goodKeys.every((key) => poller.current(key)?.revision.includes(`${version}`));
      if (version === 2 && isFound) newsAtMs ??= clock.monotonic();
    },
  });
  const bindings = [...refs.good, ...refs.bad].map((ref) => ({ ref }));
  poller.watch({ services: [{ bindings }], problems: [] } as unknown as ClusterBindings);
  /** How long it takes until a change of every secret of the good provider is known. */
  const findsAfterMs = async () => {
    await clock.advance(30_500);
    version = 2;
    const changedAtMs = clock.monotonic();
    await clock.advance(30_000);
    await poller.stop();
    return newsAtMs === null ? Number.POSITIVE_INFINITY : newsAtMs - changedAtMs;
  };
  /** When the good provider is polled in the time to come, counted from now. */
  const pollsWithin = async (durationMs: number) => {
    const startMs = clock.monotonic();
    polledAtMs.length = 0;
    await clock.advance(durationMs);
    return polledAtMs.map((atMs) => atMs - startMs);
  };
  const goDown = () => {
    isDown = true;
  };
  const hinted: typeof hint = (changed) => hint(changed);
  return { findsAfterMs, poller, pollsWithin, polledRefs, hinted, goDown, key: goodKeys[0] ?? '' };
}

test('of a thousand secrets at two providers, those of one are found changed as soon while the other hangs', async () => {
  const alone = await setUp({ hangs: false }).findsAfterMs();
  const beside = await setUp({ hangs: true }).findsAfterMs();
  expect(alone).toBeLessThanOrEqual(INTERVAL_MS + 200);
  expect(beside).toBeLessThanOrEqual(INTERVAL_MS + 200);
});

test('a standby polls once a minute, and at once when it starts to lead', async () => {
  const { poller, pollsWithin } = setUp({ hangs: false });
  poller.lead(false);
  await pollsWithin(1_000);
  expect(await pollsWithin(180_000)).toHaveLength(3);
  poller.lead(true);
  const polls = await pollsWithin(5_000);
  expect(polls[0]).toBeLessThanOrEqual(50);
  expect(polls.length).toBeGreaterThanOrEqual(5);
  await poller.stop();
});

test('a standby polls at once if the ledger names a value that it did not find', async () => {
  const { poller, pollsWithin, key } = setUp({ hangs: false });
  poller.lead(false);
  await pollsWithin(1_000);
  poller.wakeFor(key);
  expect(await pollsWithin(1_000)).toEqual([50]);
  await poller.stop();
});

test('a standby polls a provider that does not answer as often as the leader does, so that it sees when it is back', async () => {
  const { poller, pollsWithin, goDown } = setUp({ hangs: false });
  poller.lead(false);
  goDown();
  await pollsWithin(70_000);
  expect((await pollsWithin(10_000)).length).toBeGreaterThanOrEqual(9);
  await poller.stop();
});

test('a hint polls all refs, or those of the locations that it names, and delays no other poll', async () => {
  const { poller, pollsWithin, polledRefs, hinted } = setUp({ hangs: false });
  poller.start();
  await pollsWithin(1_500);
  const polled = async (changed?: Parameters<typeof hinted>[0]) => {
    polledRefs.length = 0;
    hinted(changed);
    await pollsWithin(100);
    return [...polledRefs];
  };
  expect(await polled()).toEqual([SECRETS_EACH]);
  expect(await polled([{ location: { path: 'p7' } }, { location: { path: 'p8' } }])).toEqual([2]);
  expect(await polled([{ location: { path: 'not in use' } }])).toEqual([]);
  expect(await polled([])).toEqual([]);
  polledRefs.length = 0;
  await pollsWithin(1_000);
  expect(polledRefs).toEqual([SECRETS_EACH]);
  await poller.stop();
});
