import type { TimedEvent } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { RecentEvents } from './recent-events.ts';

const warning = (at: number): TimedEvent => ({ type: 'plugin.warning', message: `warning ${at}`, at });
const recovered = (at: number): TimedEvent => ({ type: 'docker.recovered', at });

test('lists the newest first, in the order of emission even where the wall clock jumped back', () => {
  const recent = new RecentEvents(10);
  for (const event of [warning(100), recovered(50), warning(60)]) recent.observe(event);
  expect(recent.list().map(({ at }) => at)).toEqual([60, 50, 100]);
});

test('keeps only the latest of each kind, so that a storm of one kind does not push out the others', () => {
  const recent = new RecentEvents(3);
  recent.observe(recovered(1));
  for (let at = 2; at < 1000; at++) recent.observe(warning(at));
  expect(recent.list().map(({ at }) => at)).toEqual([999, 998, 997]);
  expect(recent.list((type) => type !== 'plugin.warning').map(({ at }) => at)).toEqual([1]);
});
