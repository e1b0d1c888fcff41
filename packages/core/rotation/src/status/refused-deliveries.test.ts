import { expect, test } from 'vitest';
import { RefusedDeliveries } from './refused-deliveries.ts';

test('a failed delivery counts for a minute, or until the secret is delivered, whatever the wall clock says', () => {
  let monotonicMs = 1_000;
  const refusals = new RefusedDeliveries({ monotonic: () => monotonicMs });
  const refusal = {
    secret: 'db',
    service: 'web',
    code: 'UNAVAILABLE',
    message: 'the provider did not answer lately',
  } as const;
  refusals.refused(refusal);
  monotonicMs += 59_999;
  expect(refusals.of('db')).toMatchObject(refusal);
  monotonicMs += 1;
  expect(refusals.of('db')).toBeNull();
  refusals.refused(refusal);
  refusals.delivered('db');
  expect(refusals.of('db')).toBeNull();
});

test('a failed delivery to one service says nothing about another one', () => {
  const refusals = new RefusedDeliveries({ monotonic: () => 0 });
  const refusal = { secret: 'db', code: 'UNAVAILABLE', message: 'the last good value is lost' } as const;
  refusals.refused({ ...refusal, service: 'web' });
  expect(refusals.of('db', 'web')).toMatchObject(refusal);
  expect(refusals.of('db', 'api')).toBeNull();
  refusals.refused({ ...refusal, service: undefined });
  expect(refusals.of('db', 'api')).toMatchObject(refusal);
});
