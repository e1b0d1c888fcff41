import { SecretValue } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { tagRevision } from '../ledger/secret-version.ts';
import type { WorkloadTask } from '../ports/orchestrator.ts';
import { DeliveryLog } from './delivery-log.ts';

const START_MS = 1_000_000;

const task = (state: WorkloadTask['state'], createdAtMs = START_MS + 1): WorkloadTask => ({
  id: 't1',
  generation: 0,
  createdAtMs,
  state,
  reason: '',
});

function setUp() {
  const time = { nowMs: START_MS };
  const key: { is: string | null } = { is: null };
  const digestOf = (value: SecretValue) => {
    return key.is === null ? null : `${new TextDecoder().decode(value.reveal())} under ${key.is}`;
  };
  const deliveryLog = new DeliveryLog({ now: () => time.nowMs, monotonic: () => time.nowMs }, 20_000, digestOf);
  const see = (...tasks: WorkloadTask[]) => deliveryLog.observe(tasks, true, time.nowMs);
  return {
    deliveryLog,
    time,
    key,
    answer(revision: string) {
      const value = SecretValue.fromText(revision);
      deliveryLog.record('t1', { secretName: 'db', refKey: 'ref', revision, value });
      // It is lent for the call only.
      value.wipe();
    },
    see,
    actual: () => deliveryLog.values('t1', 'db').map(({ revision }) => revision),
  };
}

const tagged = (...revisions: string[]) => revisions.map((revision) => tagRevision('ref', revision));

test('a task has what was delivered before it ran', () => {
  const { answer, see, actual } = setUp();
  answer('r1');
  see(task('running'));
  expect(actual()).toEqual(tagged('r1'));
});

test('a delivery to a running task changes nothing in its container', () => {
  const { answer, see, actual } = setUp();
  answer('r1');
  see(task('running'));
  answer('r2');
  expect(actual()).toEqual(tagged('r1'));
});

test('a delivery to a task that runs when first observed is not used if the clock is behind', () => {
  const { answer, see, actual } = setUp();
  answer('r2');
  see(task('running', START_MS + 3_600_000));
  expect(actual()).toEqual([]);
});

test('a delivery to a task that was seen starting is used even if the clock is behind', () => {
  const { answer, see, actual } = setUp();
  answer('r2');
  see(task('starting', START_MS + 3_600_000));
  see(task('running', START_MS + 3_600_000));
  expect(actual()).toEqual(tagged('r2'));
});

test("a delivery to a task that is older than this process's first request is not used", () => {
  const { answer, see, actual } = setUp();
  answer('r2');
  see(task('running', START_MS - 2_000));
  expect(actual()).toEqual([]);
});

test('but it is for a slightly older task', () => {
  const { answer, see, actual } = setUp();
  answer('r2');
  see(task('running', START_MS - 500));
  expect(actual()).toEqual(tagged('r2'));
});

test('and for an older task that was seen starting after it was answered', () => {
  const { answer, see, actual } = setUp();
  answer('r2');
  see(task('starting', START_MS - 2_000));
  see(task('running', START_MS - 2_000));
  expect(actual()).toEqual(tagged('r2'));
});

test('nor is one to a task of the leader before, which a new leader is asked for too', () => {
  const { time, deliveryLog, answer, see, actual } = setUp();
  time.nowMs += 5_000;
  deliveryLog.observe([task('starting', START_MS + 1)], false, time.nowMs);
  answer('r2');
  see(task('running', START_MS + 1));
  expect(actual()).toEqual([]);
});

test('also if no poll has shown for a while whether another node is the leader', () => {
  const { time, answer, see, actual } = setUp();
  time.nowMs += 25_000;
  answer('r2');
  see(task('running', START_MS + 1_000));
  expect(actual()).toEqual([]);
});

test('but it is if the task did not run yet while this process got the requests', () => {
  const { answer, see, actual } = setUp();
  see(task('starting', START_MS - 2_000));
  answer('r2');
  see(task('running', START_MS - 2_000));
  expect(actual()).toEqual(tagged('r2'));
});

test('or if the latest poll did not show it, whatever the clocks say of when it was made', () => {
  const { time, deliveryLog, answer, see, actual } = setUp();
  time.nowMs += 5_000;
  see();
  answer('r2');
  see(task('running', START_MS - 60_000));
  expect(actual()).toEqual(tagged('r2'));
  deliveryLog.observe([], false, time.nowMs);
  deliveryLog.record('t2', { secretName: 'db', refKey: 'ref', revision: 'r3', value: SecretValue.fromText('r3') });
  see({ ...task('running', START_MS - 60_000), id: 't2' });
  expect(deliveryLog.values('t2', 'db')).toEqual([]);
});

test('a task that was asked for twice before it ran may hold either', () => {
  const { answer, see, actual } = setUp();
  answer('r1');
  answer('r2');
  answer('r2');
  see(task('running'));
  expect(actual()).toEqual(tagged('r1', 'r2'));
});

test('keeps for a while what tasks were given that no snapshot shows yet, or no longer, and then forgets it', () => {
  const { time, answer, see, actual } = setUp();
  answer('r1');
  see();
  expect(actual()).toEqual(tagged('r1'));
  see(task('running'));
  see(task('ended'));
  expect(actual()).toEqual(tagged('r1'));
  time.nowMs += 700_000;
  see();
  expect(actual()).toEqual([]);
});

test('makes the digest of a value as soon as its key is known, and once', () => {
  const { deliveryLog, answer, key } = setUp();
  answer('r1');
  deliveryLog.learnDigests();
  expect(deliveryLog.values('t1', 'db')).toMatchObject([{ digest: null }]);
  key.is = 'first';
  deliveryLog.learnDigests();
  key.is = 'second';
  deliveryLog.learnDigests();
  expect(deliveryLog.values('t1', 'db')).toMatchObject([{ digest: 'r1 under first', value: null }]);
});

test('tasks that were given the same value share one note of it, until the key of the digests is another one', () => {
  const { deliveryLog, key } = setUp();
  key.is = 'k1';
  const value = SecretValue.fromText('r1');
  const give = (taskId: string) => {
    deliveryLog.record(taskId, { secretName: 'db', refKey: 'ref', revision: 'r1', value });
    return deliveryLog.values(taskId, 'db');
  };
  const first = give('a');
  expect(give('b')).toBe(first);
  expect(first.map(({ digest }) => digest)).toEqual(['r1 under k1']);
  key.is = 'k2';
  expect(give('c').map(({ digest }) => digest)).toEqual(['r1 under k2']);
});

test('a task that another process may have been asked for is not seen starting by an observation from before the answer', () => {
  const { deliveryLog, answer, see, actual, time } = setUp();
  const earlier = START_MS - 2_000;
  answer('r2');
  time.nowMs += 100;
  deliveryLog.observe([task('starting', earlier)], true, START_MS - 1_000);
  see(task('running', earlier));
  expect(actual()).toEqual([]);
});
