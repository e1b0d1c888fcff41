import { expect, test } from 'vitest';
import { ValueHistory } from './value-history.ts';

/** A secret that had `a` from 100 on, and `b` from 200 on; the write of `b` took until 210. */
function written(): ValueHistory {
  const history = new ValueHistory();
  history.start('a', 100)(110);
  history.start('b', 200)(210);
  return history;
}
const at = (requestedAtMs: number, answeredAtMs = requestedAtMs + 1) => ({ requestedAtMs, answeredAtMs });

test('the current value is right, and so is the value of a write in progress', () => {
  expect(written().problemOf('b', at(500), 0)).toBeUndefined();
  expect(written().problemOf('b', at(190, 205), 0)).toBeUndefined();
  expect(written().current).toBe('b');
});

test('an old value is right for the allowed staleness', () => {
  expect(written().problemOf('a', at(210), 0)).toBeUndefined();
  expect(written().problemOf('a', at(1_210), 1_000)).toBeUndefined();
  expect(written().problemOf('a', at(1_310), 1_000)).toBe(
    'a value that was replaced 1.1 s before the request, 1 values ago',
  );
});

test('a value that was never written, or was written later, is wrong', () => {
  expect(written().problemOf('c', at(300), 1_000)).toMatch('never had');
  expect(written().problemOf('b', at(150, 160), 1_000)).toMatch('after the answer');
});

test('a write that is not done yet replaces nothing', () => {
  const history = written();
  const done = history.start('c', 300);
  expect(history.problemOf('b', at(900), 0)).toBeUndefined();
  done(400);
  expect(history.problemOf('b', at(900), 0)).toMatch('replaced 0.5 s before');
});
