import { afterEach, expect, test, vi } from 'vitest';
import { ProcessWarnings } from './process-warnings.ts';

afterEach(() => {
  process.removeAllListeners('warning');
});

test('each different warning is logged once, also one from before the logger was ready', async () => {
  const warnings = new ProcessWarnings();
  process.emitWarning('it is old', { type: 'DeprecationWarning', code: 'DEP0999' });
  await new Promise(setImmediate);
  const tell = vi.fn();
  warnings.connect(tell);
  for (let time = 0; time < 3; time++) process.emitWarning('line\nbreak', 'MaxListenersExceededWarning');
  await new Promise(setImmediate);
  expect(tell.mock.calls).toEqual([
    ['DeprecationWarning DEP0999: it is old'],
    ['MaxListenersExceededWarning: line\\nbreak'],
  ]);
});

test("the text of a library's own kind of warning is not logged, because it may quote a value", async () => {
  const tell = vi.fn();
  new ProcessWarnings().connect(tell);
  process.emitWarning(Object.assign(new Error('canary'), { name: 'YAMLWarning' }));
  await new Promise(setImmediate);
  expect(tell.mock.calls).toEqual([['YAMLWarning of a library']]);
});

test('warnings with a number in each do not fill the log', async () => {
  const tell = vi.fn();
  new ProcessWarnings().connect(tell);
  for (let number = 0; number < 1_000; number++) process.emitWarning(`number ${number}`);
  await new Promise(setImmediate);
  expect(tell).toHaveBeenCalledTimes(100);
});
