import { SimulatedClock } from '@vault-swarm/simulation';
import { expect, test } from 'vitest';
import type { ServiceUses } from '../bindings/secret-binding.ts';
import { emptyLedger, NOTHING_OPEN, type OpenRollout } from '../ledger/ledger.ts';
import type { FailedTask } from '../ports/orchestrator.ts';
import { NOT_WATCHED, RolloutWatch } from './rollout-tracker.ts';

const open = { generation: 5, attempt: 1 } as OpenRollout;
const service = (generation: number) =>
  [{ service: { id: 'web', version: 1, generation, tasks: [] }, uses: [] }] as unknown as ServiceUses[];
const ledger = (rollout: OpenRollout | null) => ({
  ...emptyLedger(null),
  services: { web: { ...NOTHING_OPEN, rollout } },
});

test('tells for how long a rollout was seen open, whatever the wall clock does', async () => {
  const clock = new SimulatedClock();
  const watch = new RolloutWatch(clock);
  watch.observe(service(4), ledger(open));
  clock.setBack(3_600_000);
  await clock.advance(7_000);
  watch.observe(service(4), ledger(open));
  expect(watch.of('web', open)).toEqual({
    forMs: 7_000,
    applied: false,
    gapless: false,
    begunHere: false,
    overtaken: false,
  });
});

test('counts each attempt anew, but remembers that the update was applied', async () => {
  const clock = new SimulatedClock();
  const watch = new RolloutWatch(clock);
  watch.observe(service(5), ledger(open));
  await clock.advance(7_000);
  const again = { ...open, attempt: 2 };
  watch.observe(service(4), ledger(again));
  expect(watch.of('web', again)).toEqual({
    forMs: 0,
    applied: true,
    gapless: false,
    begunHere: false,
    overtaken: false,
  });
});

test.each<[string, (watch: RolloutWatch) => void]>([
  ['by its answer', (watch) => watch.rolled('web', 5, 'applied')],
  ['by the service', (watch) => watch.observe(service(5), ledger(open))],
])('counts from the moment at which it sees the update applied (%s)', async (_, apply) => {
  const clock = new SimulatedClock();
  const watch = new RolloutWatch(clock);
  watch.observe(service(4), ledger(open));
  await clock.advance(7_000);
  apply(watch);
  await clock.advance(2_000);
  watch.observe(service(5), ledger(open));
  expect(watch.of('web', open)).toMatchObject({ forMs: 2_000, applied: true });
});

test('knows nothing of a rollout that it has not seen, or not any more', () => {
  const watch = new RolloutWatch(new SimulatedClock());
  watch.observe(service(5), ledger(open));
  expect(watch.of('web', { ...open, generation: 6 })).toEqual(NOT_WATCHED);
  watch.observe(service(5), ledger(null));
  expect(watch.of('web', open)).toEqual(NOT_WATCHED);
});

test('knows which rollouts it began itself, with every attempt', () => {
  const watch = new RolloutWatch(new SimulatedClock());
  watch.observe(service(4), ledger(open), true);
  watch.observe(service(5), ledger(open));
  expect(watch.of('web', open).begunHere).toBe(true);
  const again = { ...open, attempt: 2 };
  watch.observe(service(5), ledger(again));
  expect(watch.of('web', again).begunHere).toBe(false);
});

test.each([
  { outcomes: ['conflict'], own: true, overtaken: true },
  { outcomes: ['unknown', 'conflict'], own: true, overtaken: false },
  { outcomes: ['applied', 'conflict'], own: true, overtaken: false },
  { outcomes: ['conflict', 'unknown'], own: true, overtaken: false },
  { outcomes: ['conflict'], own: false, overtaken: false },
] as const)(
  'is sure that another update came first only where none of its own can have been made: $outcomes, own $own',
  ({ outcomes, own, overtaken }) => {
    const watch = new RolloutWatch(new SimulatedClock());
    watch.observe(service(4), ledger(open), own);
    for (const outcome of outcomes) watch.rolled('web', 5, outcome);
    expect(watch.of('web', open).overtaken).toBe(overtaken);
    watch.observe(service(5), ledger(open));
    expect(watch.of('web', open)).toMatchObject({ overtaken, applied: !overtaken });
  },
);

test('remembers the failed tasks of a rollout that the orchestrator has forgotten', () => {
  const watch = new RolloutWatch(new SimulatedClock());
  watch.observe(service(5), ledger(open));
  const failed = (id: string) => ({ id }) as FailedTask;
  watch.failures('web', [failed('a'), failed('b')]);
  expect(watch.failures('web', [failed('b'), failed('c')]).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
});

test('tells for how long a service is as it is, and for how long the same tasks run', async () => {
  const clock = new SimulatedClock();
  const watch = new RolloutWatch(clock);
  const look = (version: number, tasks: readonly (readonly [string, string])[]) => {
    const service = { id: 'web', version, tasks: tasks.map(([id, state]) => ({ id, state })) };
    watch.observe([{ service, uses: [] }] as unknown as ServiceUses[], ledger(null));
  };
  look(1, [['a', 'running']]);
  await clock.advance(3_000);
  look(1, [['a', 'running']]);
  expect(watch.asItIs('web')).toEqual({ unchangedForMs: 3_000, calmForMs: 3_000 });
  look(1, [['a', 'starting']]);
  await clock.advance(1_000);
  expect(watch.asItIs('web')).toEqual({ unchangedForMs: 4_000, calmForMs: 0 });
  look(2, [['b', 'running']]);
  expect(watch.asItIs('web')).toEqual({ unchangedForMs: 0, calmForMs: 0 });
});
