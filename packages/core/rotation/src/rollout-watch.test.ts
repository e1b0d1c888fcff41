import { SimulatedClock } from '@vault-swarm/simulation';
import { expect, test } from 'vitest';
import { emptyLedger, NOTHING_OPEN, type OpenRollout } from './ledger.ts';
import { RolloutWatch } from './rollout-watch.ts';
import type { ServiceUses } from './uses.ts';

const open = { generation: 5, attempt: 1 } as OpenRollout;
const service = (generation: number) => [{ service: { id: 'web', generation }, uses: [] }] as unknown as ServiceUses[];
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
  expect(watch.of('web', open)).toEqual({ forMs: 7_000, applied: false });
});

test('counts each attempt anew, but remembers that the update was applied', async () => {
  const clock = new SimulatedClock();
  const watch = new RolloutWatch(clock);
  watch.observe(service(5), ledger(open));
  await clock.advance(7_000);
  const again = { ...open, attempt: 2 };
  watch.observe(service(4), ledger(again));
  expect(watch.of('web', again)).toEqual({ forMs: 0, applied: true });
});

test('knows nothing of a rollout that it has not seen, or not any more', () => {
  const watch = new RolloutWatch(new SimulatedClock());
  watch.observe(service(5), ledger(open));
  expect(watch.of('web', { ...open, generation: 6 })).toEqual({ forMs: 0, applied: false });
  watch.observe(service(5), ledger(null));
  expect(watch.of('web', open)).toEqual({ forMs: 0, applied: false });
});
