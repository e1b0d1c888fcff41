import { SimulatedClock } from '@vault-swarm/simulation';
import { expect, test } from 'vitest';
import type { ServiceBindings } from '../bindings/secret-binding.ts';
import { emptyLedger, NOTHING_OPEN, type OpenRollout } from '../ledger/ledger.ts';
import type { FailedTask, RolloutReport } from '../ports/orchestrator.ts';
import { NOT_TRACKED, RolloutTracker } from './rollout-tracker.ts';

const open = { generation: 5, attempt: 1 } as OpenRollout;
const service = (generation: number, state: RolloutReport['state'] = 'none') => {
  const common = { id: 'web', version: 1, tasks: [], rollout: { state } };
  return [{ service: { ...common, generation }, bindings: [] }] as unknown as ServiceBindings[];
};
const ledger = (rollout: OpenRollout | null) => ({
  ...emptyLedger(null),
  services: { web: { ...NOTHING_OPEN, rollout } },
});

test('tells for how long a rollout was seen open, whatever the wall clock does', async () => {
  const clock = new SimulatedClock();
  const watch = new RolloutTracker(clock);
  watch.observe(service(4), ledger(open));
  clock.setBack(3_600_000);
  await clock.advance(7_000);
  watch.observe(service(4), ledger(open));
  expect(watch.of('web', open)).toEqual({
    forMs: 7_000,
    applied: false,
    rolledBack: false,
    continuouslyObserved: false,
    startedByThisProcess: false,
    overtaken: false,
  });
});

test('counts each attempt again, but remembers that the update was applied', async () => {
  const clock = new SimulatedClock();
  const watch = new RolloutTracker(clock);
  watch.observe(service(5), ledger(open));
  await clock.advance(7_000);
  const again = { ...open, attempt: 2 };
  watch.observe(service(4), ledger(again));
  expect(watch.of('web', again)).toEqual({
    forMs: 0,
    applied: true,
    rolledBack: false,
    continuouslyObserved: false,
    startedByThisProcess: false,
    overtaken: false,
  });
});

test.each<[string, (watch: RolloutTracker) => void]>([
  ['by its answer', (watch) => watch.rolled('web', 5, 'applied')],
  ['by the service', (watch) => watch.observe(service(5), ledger(open))],
])('counts from the moment at which it sees the update applied (%s)', async (_, apply) => {
  const clock = new SimulatedClock();
  const watch = new RolloutTracker(clock);
  watch.observe(service(4), ledger(open));
  await clock.advance(7_000);
  apply(watch);
  await clock.advance(2_000);
  watch.observe(service(5), ledger(open));
  expect(watch.of('web', open)).toMatchObject({ forMs: 2_000, applied: true });
});

test('knows nothing of a rollout that it has not seen, or not any more', () => {
  const watch = new RolloutTracker(new SimulatedClock());
  watch.observe(service(5), ledger(open));
  expect(watch.of('web', { ...open, generation: 6 })).toEqual(NOT_TRACKED);
  watch.observe(service(5), ledger(null));
  expect(watch.of('web', open)).toEqual(NOT_TRACKED);
});

test('knows which rollouts it started itself, with every attempt', () => {
  const watch = new RolloutTracker(new SimulatedClock());
  watch.observe(service(4), ledger(open), true);
  watch.observe(service(5), ledger(open));
  expect(watch.of('web', open).startedByThisProcess).toBe(true);
  const again = { ...open, attempt: 2 };
  watch.observe(service(5), ledger(again));
  expect(watch.of('web', again).startedByThisProcess).toBe(false);
});

test.each([
  { outcomes: ['conflict'], own: true, overtaken: true },
  { outcomes: ['unknown', 'conflict'], own: true, overtaken: false },
  { outcomes: ['applied', 'conflict'], own: true, overtaken: false },
  { outcomes: ['conflict', 'unknown'], own: true, overtaken: false },
  { outcomes: ['conflict'], own: false, overtaken: false },
] as const)(
  'is sure that another update came first only if none of its own can have been made: $outcomes, own $own',
  ({ outcomes, own, overtaken }) => {
    const watch = new RolloutTracker(new SimulatedClock());
    watch.observe(service(4), ledger(open), own);
    for (const outcome of outcomes) watch.rolled('web', 5, outcome);
    expect(watch.of('web', open).overtaken).toBe(overtaken);
    watch.observe(service(5), ledger(open));
    expect(watch.of('web', open)).toMatchObject({ overtaken, applied: !overtaken });
  },
);

test.each(['rolling-back', 'rolled-back'] as const)('remembers that it saw the update rolled back (%s)', (state) => {
  const watch = new RolloutTracker(new SimulatedClock());
  // This is the report about an earlier update.
  watch.observe(service(4, state), ledger(open), true);
  watch.rolled('web', 5, 'applied');
  watch.observe(service(5), ledger(open));
  expect(watch.of('web', open).rolledBack).toBe(false);
  watch.observe(service(4, state), ledger(open));
  watch.observe(service(4), ledger(open));
  expect(watch.of('web', open).rolledBack).toBe(true);
});

test('remembers the failed tasks of a rollout that the orchestrator has forgotten', () => {
  const watch = new RolloutTracker(new SimulatedClock());
  watch.observe(service(5), ledger(open));
  const failed = (id: string) => ({ id }) as FailedTask;
  watch.failures('web', [failed('a'), failed('b')]);
  expect(watch.failures('web', [failed('b'), failed('c')]).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
});

test('tells for how long a service is as it is, and for how long the same tasks run', async () => {
  const clock = new SimulatedClock();
  const watch = new RolloutTracker(clock);
  const poll = (version: number, tasks: readonly (readonly [string, string])[]) => {
    const service = {
      id: 'web',
      version,
      rollout: { state: 'none' },
      tasks: tasks.map(([id, state]) => ({ id, state })),
    };
    watch.observe([{ service, bindings: [] }] as unknown as ServiceBindings[], ledger(null));
  };
  poll(1, [['a', 'running']]);
  await clock.advance(3_000);
  poll(1, [['a', 'running']]);
  expect(watch.stability('web')).toEqual({ unchangedForMs: 3_000, stableForMs: 3_000 });
  poll(1, [['a', 'starting']]);
  await clock.advance(1_000);
  expect(watch.stability('web')).toEqual({ unchangedForMs: 4_000, stableForMs: 0 });
  poll(2, [['b', 'running']]);
  expect(watch.stability('web')).toEqual({ unchangedForMs: 0, stableForMs: 0 });
});
