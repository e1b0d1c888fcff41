import { SteppedClock } from '@vault-swarm/lab/clocks';
import { expect, test } from 'vitest';
import { RevisionSelectorRelay } from './revision-selector-relay.ts';

const asked = { serviceId: 'web', taskId: 't1', secretName: 'db', refKey: 'key' };

test('a request waits for the rotation as long as it may, and is then given the current revision', async () => {
  const clock = new SteppedClock();
  const relay = new RevisionSelectorRelay(clock);
  const untilMs = clock.monotonic() + 1_000;
  const early = relay.choose({ ...asked, untilMs });
  clock.advance(1_000);
  expect(await early).toEqual({ kind: 'current' });

  const later = relay.choose({ ...asked, untilMs: clock.monotonic() + 1_000 });
  const chosen = { kind: 'revision', revision: 'r1', otherwise: 'refuse' } as const;
  relay.connect({ choose: () => chosen });
  expect(await later).toEqual(chosen);
  expect(relay.choose({ ...asked, untilMs })).toEqual(chosen);
});
