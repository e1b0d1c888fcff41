import { ShiftedClock } from '@vault-swarm/lab/clocks';
import { expect, test } from 'vitest';
import { VersionMarkers } from './version-markers.ts';

const stage = { region: undefined, secretId: 'db', stage: 'AWSCURRENT' };

function setUp() {
  const clock = new ShiftedClock();
  const markers = new VersionMarkers(clock);
  const marker = (version: string, secret = 'AbCdEf') => markers.markerOf(stage, secret, version);
  const read = (version: string) => {
    clock.advance(1);
    markers.read(stage, version, clock.monotonic());
  };
  return { clock, markers, marker, read };
}

test('a version has one marker, and another version another', () => {
  const { marker, read } = setUp();
  const first = marker('1');
  read('1');
  expect(marker('1')).toBe(first);
  expect(marker('2')).not.toBe(first);
});

test('a secret that was made again under its name has another marker, even with the same version', () => {
  const { marker } = setUp();
  expect(marker('1')).not.toBe(marker('1', 'GhIjKl'));
});

test('a read that is behind what was reported makes for another poll, until it is not', () => {
  const { marker, read } = setUp();
  const first = marker('2');
  read('1');
  const second = marker('2');
  expect(second).not.toBe(first);
  read('2');
  expect(marker('2')).toBe(second);
});

test('a read that is ahead of what was reported makes for another poll', () => {
  const { marker, read } = setUp();
  const first = marker('1');
  read('2');
  expect(marker('1')).not.toBe(first);
});

test('versions that were read are ordered by the time at which they were made', () => {
  const { markers } = setUp();
  markers.created('b', 1_000);
  markers.created('a', 2_000);
  expect([markers.compare('b', 'a'), markers.compare('a', 'b'), markers.compare('a', 'a')]).toEqual([-1_000, 1_000, 0]);
  expect(markers.compare('a', 'never read')).toBeUndefined();
  for (let index = 0; index < 10_000; index++) markers.created(`version ${index}`, index);
  expect(markers.compare('b', 'version 0')).toBeUndefined();
  expect(markers.compare('version 0', 'version 9999')).toBeLessThan(0);
});

test('a read that started before the report says nothing about it', () => {
  const { clock, markers, marker } = setUp();
  const startedAtMs = clock.monotonic();
  clock.advance(5);
  const first = marker('2');
  markers.read(stage, '1', startedAtMs);
  expect(marker('2')).toBe(first);
});
