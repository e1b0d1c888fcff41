import { refKey, type SecretRef } from '@vault-swarm/provider';
import { SimulatedClock } from '@vault-swarm/simulation';
import { expect, test } from 'vitest';
import type { ServiceBindings } from '../bindings/secret-binding.ts';
import { emptyLedger, type LedgerService, NOTHING_OPEN, type OpenRollout } from '../ledger/ledger.ts';
import { type SecretVersion, tagRevision } from '../ledger/secret-version.ts';
import type { WorkloadTask } from '../ports/orchestrator.ts';
import { rollout as opened } from '../testing/decided-service.ts';
import { RevisionSelector } from './revision-selector.ts';

const ref: SecretRef = { provider: 'vault', location: { path: 'db' }, encoding: 'raw' };
const key = refKey(ref);
const value = (revision: string, digest = revision): SecretVersion => ({
  revision: tagRevision(key, revision),
  digest,
});

const rollout: OpenRollout = { ...opened, target: { s1: value('r2') }, lastGood: { s1: value('r1') } };

const task = (generation: number): WorkloadTask => ({ ...seen, id: 'new', generation });
const seen = { id: 'seen', generation: 4, createdAtMs: 0, state: 'running', reason: '' } as const;
const web: ServiceBindings = {
  service: {
    id: 'web',
    name: 'web',
    version: 1,
    generation: 5,
    fingerprint: 'f',
    kind: 'service',
    desiredTasks: 2,
    secretIds: ['s1'],
    formerSecretIds: [],
    rollout: { state: 'rolling', message: '', startedAtMs: 0, resumable: false },
    tasks: [seen],
  },
  bindings: [
    { secret: { id: 's1', name: 'db', labels: {} }, key: 's1', aliasKey: 'web/s1', ref, refKey: key, rotate: 'auto' },
  ],
};

function setUp(entry: Partial<LedgerService>, current: SecretVersion = value('r2')) {
  const clock = new SimulatedClock();
  const asked: string[] = [];
  let answer: () => Promise<WorkloadTask | null> = async () => task(5);
  const intended = new RevisionSelector({
    clock,
    current: () => current,
    orchestrator: {
      findTask: (taskId) => {
        asked.push(taskId);
        return answer();
      },
    },
  });
  const take = (asOfMs = 0, inForce = entry) => {
    const ledger = { ...emptyLedger(null), services: { web: { ...NOTHING_OPEN, ...inForce } } };
    intended.update(ledger, [web], asOfMs);
  };
  const choose = (taskId?: string, serviceId = 'web', waitMs = 300) =>
    intended.choose({ serviceId, taskId, secretName: 'db', refKey: key, untilMs: clock.monotonic() + waitMs });
  return { clock, intended, asked, take, choose, answers: (next: typeof answer) => (answer = next) };
}

const current = { kind: 'current' };
const given = (revision: string, otherwise = 'current') => ({ kind: 'revision', revision, otherwise });

test('without an open rollout every task gets the current revision, at once and without a request', () => {
  const { take, choose, asked } = setUp({});
  take();
  expect([choose('t1'), choose(undefined), choose('t1', 'other')]).toEqual([current, current, current]);
  expect(asked).toEqual([]);
});

test('a ledger that was read before the one in use was written is ignored', async () => {
  const { take, choose, answers } = setUp({ rollout });
  answers(async () => task(4));
  take(1_000);
  take(999, {});
  expect(await choose('old')).toEqual(given('r1'));
  take(1_000, {});
  expect(choose('old')).toEqual(current);
});

test("while a rollout is open its own tasks are given what it brings, and those of the service's earlier generations the last good value", async () => {
  const { take, choose, answers } = setUp({ rollout });
  take();
  expect(await choose('new')).toEqual(given('r2'));
  answers(async () => task(4));
  expect(await choose('old')).toEqual(given('r1'));
});

test('a task in a snapshot is known without a request', () => {
  const { take, choose, asked } = setUp({ rollout });
  take();
  expect(choose('seen')).toEqual(given('r1'));
  expect(asked).toEqual([]);
});

test.each<[string, () => Promise<WorkloadTask | null>]>([
  ['is not known', async () => null],
  ['can not be asked for', () => Promise.reject(new Error('no answer'))],
])('a task whose generation %s is given the last good value', async (_, answer) => {
  const { take, choose, answers } = setUp({ rollout });
  take();
  answers(answer);
  expect(await choose('t1')).toEqual(given('r1'));
});

test('a hanging request is aborted after 300 ms, and not repeated for 5 s', async () => {
  const { take, choose, answers, clock, asked } = setUp({ rollout });
  take();
  answers(() => new Promise(() => undefined));
  const first = choose('t1', 'web', 900);
  await clock.advance(300);
  expect(await first).toEqual(given('r1'));
  expect(await choose('t2')).toEqual(given('r1'));
  expect(asked).toEqual(['t1']);
  await clock.advance(5_000);
  answers(async () => task(5));
  expect(await choose('t3')).toEqual(given('r2'));
});

test('a task that asks again is given the same, though its generation can not be looked up any more', async () => {
  const { take, choose, answers, asked, intended } = setUp({ rollout });
  take();
  expect(await choose('new')).toEqual(given('r2'));
  answers(async () => Promise.reject(new Error('the engine is away')));
  expect(choose('new')).toEqual(given('r2'));
  expect(intended.choose({ serviceId: 'web', taskId: 'new', secretName: 'db', refKey: key, untilMs: 0 })).toEqual(
    given('r2'),
  );
  expect(asked).toEqual(['new']);
});

test('quarantined values are given to no task, whatever its generation', () => {
  const set = { failed: { s1: value('r2') }, lastGood: { s1: value('r1') }, sinceMs: 0, reason: '', isByUser: false };
  const { take, choose } = setUp({ quarantines: [set] });
  take();
  expect([choose('seen'), choose('new'), choose(undefined)]).toEqual(Array(3).fill(given('r1', 'refuse')));
});

test('after a rollback that failed, the newest values are given once the quarantine ends, also of secrets that it did not change', () => {
  const rollback: OpenRollout = {
    ...opened,
    direction: 'rollback',
    state: 'failed',
    target: { s1: value('r1') },
    lastGood: {},
  };
  const failed = {
    failed: { s1: value('r2') },
    lastGood: { s1: value('r1') },
    sinceMs: 0,
    reason: '',
    isByUser: false,
  };
  const quarantined = setUp({ rollout: rollback, quarantines: [failed] });
  quarantined.take();
  expect(quarantined.choose('seen')).toEqual(given('r1', 'refuse'));
  for (const [state, expected] of [
    ['failed', current],
    ['open', given('r1')],
  ] as const) {
    const released = setUp({ rollout: { ...rollback, generation: 4, state } });
    released.take();
    expect(released.choose('seen')).toEqual(expected);
  }
  const both = {
    ...rollback,
    target: { s1: value('r1'), s2: value('r9') },
    lastGood: { s1: value('r1') },
    generation: 4,
  };
  const pair = setUp({ rollout: both });
  pair.take();
  expect(pair.choose('seen')).toEqual(current);
});

test('another revision of the same bytes is given if it is the current one', async () => {
  const { take, choose } = setUp({ rollout }, value('r9', 'r2'));
  take();
  expect(await choose('new')).toEqual(given('r9'));
});

test('a value that was read by other labels can not be given by these', () => {
  const elsewhere = { revision: tagRevision('another ref', 'r1'), digest: 'd' };
  const { take, choose, intended } = setUp({ rollout: { ...rollout, lastGood: { s1: elsewhere } } });
  take();
  expect(choose('seen')).toEqual(current);
  expect([...(intended.named.get(key)?.revisions ?? [])]).toEqual(['r2']);
});

test('names every revision that a task may still be given, so that it is kept', () => {
  const { take, intended } = setUp({ rollout });
  take();
  expect([...(intended.named.get(key)?.revisions ?? [])].toSorted()).toEqual(['r1', 'r2']);
});

test('a request before the ledger was read waits for it as long as it may, and further ones no longer than the first', async () => {
  const { take, choose, clock } = setUp({ rollout });
  const early = choose('seen', 'web', 900);
  await clock.advance(800);
  take();
  expect(await early).toEqual(given('r1'));

  const never = setUp({ rollout });
  const late = never.choose('seen', 'web', 900);
  await never.clock.advance(500);
  const later = never.choose('seen', 'web', 900);
  await never.clock.advance(400);
  expect(await Promise.all([late, later])).toEqual([current, current]);
  // The next request does not wait again.
  expect(await never.choose('seen')).toEqual(current);
  never.take();
  expect(await never.choose('seen')).toEqual(given('r1'));
});
