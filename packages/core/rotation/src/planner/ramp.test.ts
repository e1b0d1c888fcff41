import { describe, expect, test } from 'vitest';
import { nextRamp, Places, RAMP_START } from './ramp.ts';

const value = (revision: string) => ({ revision, digest: revision });
/** A rollout that brings this revision of a secret. */
const brings = (revision: string) => ({ target: { db: value(revision) }, lastGood: { db: value('old') } });
const open = (revision: string) => ({
  ...brings(revision),
  direction: 'forward' as const,
  generation: 1,
  startedAtMs: 0,
  changedAtMs: 0,
  attempt: 1,
  state: 'open' as const,
  failure: '',
  fingerprint: '',
});
const policy = { maxParallel: 2, maxParallelLimit: 4 };

/** How many services may start with a revision, where those before it have started. */
function capacity(places: Places, revision: string): number {
  let count = 0;
  while (places.has({ db: value(revision) })) {
    places.take({ ...brings(revision), direction: 'forward' });
    count += 1;
  }
  return count;
}

const after = (completed: readonly string[], failed: readonly string[] = [], before = RAMP_START) =>
  nextRamp(before, { completed: completed.map(open), failed, isIdle: false });

describe('how many services may roll', () => {
  test('is what the policy says at first, and one more for each that succeeded, up to the limit', () => {
    const counts = [0, 1, 2, 3, 9].map((done) => {
      return capacity(new Places(policy, after(Array.from({ length: done }, () => 'new'))), 'new');
    });
    expect(counts).toEqual([2, 3, 4, 4, 4]);
  });

  test('counts a service once that has the value by two secrets', () => {
    const values = { db: value('new'), cache: value('new') };
    const places = new Places(policy, RAMP_START);
    places.take({ direction: 'forward', target: values, lastGood: {} });
    expect(places.has(values)).toBe(true);
    const ramp = nextRamp(RAMP_START, { completed: [{ ...open('new'), target: values }], failed: [], isIdle: false });
    expect(ramp.byRevision.get('new')).toBe(1);
  });

  test('never grows if the limit is what it starts with', () => {
    const places = new Places({ maxParallel: 2, maxParallelLimit: 2 }, after(['new', 'new', 'new']));
    expect(capacity(places, 'new')).toBe(2);
  });

  test('starts small for a value, however many services succeeded with others', () => {
    const places = new Places(policy, after(['a', 'a', 'a', 'a']));
    expect(capacity(places, 'b')).toBe(2);
    expect(capacity(places, 'a')).toBe(2);
  });

  test('is set back to the start when a value fails, but for values of which others succeeded only in all', () => {
    const ramp = after([], ['a'], after(['a', 'a', 'b']));
    expect(ramp).toEqual({ succeeded: 0, byRevision: new Map([['b', 1]]) });
    expect(capacity(new Places(policy, ramp), 'a')).toBe(2);
  });

  test('is not limited by a value that is given back', () => {
    const places = new Places({ maxParallel: 1, maxParallelLimit: 9 }, after(['b', 'b', 'b']));
    places.take({ ...brings('a'), direction: 'rollback' });
    expect(places.has({ db: value('a') })).toBe(true);
  });
});

test('what succeeded is forgotten when nothing rolls and nothing waits', () => {
  expect(nextRamp(after(['a']), { completed: [open('a')], failed: [], isIdle: true })).toBe(RAMP_START);
  const places = new Places({ maxParallel: 1, maxParallelLimit: 1 }, RAMP_START);
  expect(places.areIdle).toBe(true);
  places.take({ ...brings('a'), direction: 'forward' });
  expect(places.areIdle).toBe(false);
});

test('is counted for a limited number of values', () => {
  const ramp = after(Array.from({ length: 1_500 }, (_, index) => `r${index}`));
  expect(ramp.byRevision.size).toBe(1_000);
  expect(ramp.byRevision.has('r1499')).toBe(true);
});
