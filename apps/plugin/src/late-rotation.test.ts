import { DeadlineExceeded } from '@vault-swarm/kernel';
import { SteppedClock } from '@vault-swarm/lab/clocks';
import { type LeasedRequest, SecretValue } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { type DeliveringRotation, LateRotation } from './late-rotation.ts';

const asked = { serviceId: 'web', taskId: 't1', secretName: 'db', refKey: 'key' };
const chosen = { kind: 'revision', revision: 'r1', otherwise: 'refuse' } as const;

const delivered = (taskId: string) => ({
  taskId,
  serviceId: 's',
  secretName: 'db',
  provider: 'file',
  refKey: 'ref',
  revision: 'r1',
  value: SecretValue.fromText('hunter2'),
});

function rotation(recorded: string[] = []): DeliveringRotation {
  return {
    choose: () => chosen,
    deliver: async () => ({ kind: 'already-delivered' }),
    record: ({ taskId, value }) => recorded.push(`${taskId} ${new TextDecoder().decode(value.reveal())}`),
  };
}

test('deliveries before the rotation is ready are reported to it', () => {
  const late = new LateRotation(new SteppedClock());
  const first = delivered('t1');
  late.record(first);
  // It was lent for the call only.
  first.value.wipe();
  const recorded: string[] = [];
  late.connect(rotation(recorded));
  late.record(delivered('t2'));
  expect(recorded).toEqual(['t1 hunter2', 't2 hunter2']);
});

test('a request waits for the rotation as long as it may, and is then given the current revision', async () => {
  const clock = new SteppedClock();
  const late = new LateRotation(clock);
  const untilMs = clock.monotonic() + 1_000;
  const early = late.choose({ ...asked, untilMs });
  clock.advance(1_000);
  expect(await early).toEqual({ kind: 'current' });

  const later = late.choose({ ...asked, untilMs: clock.monotonic() + 1_000 });
  late.connect(rotation());
  expect(await later).toEqual(chosen);
  expect(late.choose({ ...asked, untilMs })).toEqual(chosen);
});

test('a request for a leased value waits for the rotation until its deadline', async () => {
  const clock = new SteppedClock();
  const late = new LateRotation(clock);
  const request = { untilMs: clock.monotonic() + 1_000 } as LeasedRequest;
  const early = late.deliver(request);
  clock.advance(1_000);
  await expect(early).rejects.toThrow(DeadlineExceeded);

  const later = late.deliver({ ...request, untilMs: clock.monotonic() + 1_000 });
  late.connect(rotation());
  expect(await later).toEqual({ kind: 'already-delivered' });
});
