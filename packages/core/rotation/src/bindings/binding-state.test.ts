import { expect, test } from 'vitest';
import { type BindingState, withEarlier } from './binding-state.ts';

const binding = {} as BindingState['binding'];
const task = {} as BindingState['actual'][number]['task'];
const value = (revision: string) => ({ revision, digest: revision });
const known = (more: Partial<BindingState> = {}): BindingState => ({
  binding,
  desired: value('v1'),
  seenAtMs: 1,
  actual: [{ task, value: value('v1') }],
  ...more,
});

test('uses that did not change keep their objects, and their list', () => {
  const earlier = [known(), known({ seenAtMs: 2 })];
  expect(withEarlier([known(), known({ seenAtMs: 2 })], earlier)).toBe(earlier);
});

test.each([
  ['another value is wanted', { desired: value('v2') }],
  ['no value is known', { desired: undefined }],
  ['it was seen at another time', { seenAtMs: 9 }],
  ['a task holds another value', { actual: [{ task, value: value('v2') }] }],
  ['another task runs', { actual: [{ task: { ...task }, value: value('v1') }] }],
  ['no task runs', { actual: [] }],
  ['its labels are others', { binding: { ...binding } }],
])('a use is a new one if %s', (_, change) => {
  const [first, next] = withEarlier([known(), known(change)], [known(), known()]);
  expect(first).toEqual(known());
  expect(next).toEqual(known(change));
});

test('a use that is new or gone makes another list', () => {
  const earlier = [known(), known({ seenAtMs: 2 })];
  expect(withEarlier([known()], earlier)).toEqual([known()]);
  expect(withEarlier([...earlier, known({ seenAtMs: 3 })], earlier)).toHaveLength(3);
});
