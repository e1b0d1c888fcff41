import { realClock } from '@vault-swarm/lab/clocks';
import type { ProductEvent } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { untilDone } from './until-done.ts';

function setUp() {
  const heard: ProductEvent[] = [];
  const stopping = new AbortController();
  const options = {
    clock: realClock,
    events: { emit: (event: ProductEvent) => void heard.push(event) },
    name: 'the check',
    pauseMs: 1,
    signal: stopping.signal,
  };
  return { heard, stopping, options };
}

test('attempts that throw or reject are reported once for each message, and others follow until one is done', async () => {
  const { heard, options } = setUp();
  let turn = 0;
  await untilDone(() => {
    turn += 1;
    if (turn <= 2) throw new RangeError('Invalid time value');
    return turn === 3 ? Promise.reject(new Error('no answer')) : Promise.resolve(turn === 5);
  }, options);
  expect(turn).toBe(5);
  expect(heard).toEqual([
    { type: 'plugin.warning', message: 'the check failed, and is tried again: Invalid time value' },
    { type: 'plugin.warning', message: 'the check failed, and is tried again: no answer' },
  ]);
});

test('none follows, and nothing is reported, when the plugin stops', async () => {
  const { heard, stopping, options } = setUp();
  await untilDone(async () => {
    stopping.abort();
    throw new Error('cut off');
  }, options);
  expect(heard).toEqual([]);
});
