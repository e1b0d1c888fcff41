import { expect, test } from 'vitest';
import {
  emptyWorld,
  lockedDownWorld,
  rollingWorld,
  stoppedWorld,
  troubledWorld,
  wellWorld,
} from '../testing/scenarios.ts';
import { NOW_MS } from '../testing/world.ts';
import { detailOf, healthOf } from './health.ts';

const healthIn = ({ overview }: ReturnType<typeof wellWorld>) => healthOf(overview, NOW_MS);

test.each([
  ['good', 'All is well', wellWorld()],
  ['busy', 'Rolling out to 2 services', rollingWorld()],
  ['bad', '4 problems. A secret has no value to deliver', troubledWorld()],
  ['bad', 'Rotation has stopped', stoppedWorld()],
  ['warn', 'Locked down', lockedDownWorld()],
  ['idle', 'Ready for the first secret', emptyWorld()],
] as const)('is %s, and says "%s"', (level, title, world) => {
  expect(healthIn(world)).toMatchObject({ level, title });
});

test('the explanation is the one of the plugin, and says since when rotation has stopped', () => {
  expect(healthIn(wellWorld()).explanation).toBe(
    'All 32 tasks of 8 services have the current revision of every secret.',
  );
  expect(healthIn(stoppedWorld()).explanation).toContain('The last reconcile pass ended 1 min ago.');
});

test('lists each problem as the plugin ranks them, without the lockdown that its banner shows', () => {
  expect(healthIn(troubledWorld()).problems.map(({ severity, code }) => [severity, code])).toEqual([
    ['critical', 'SECRET_UNDELIVERABLE'],
    ['warning', 'PROVIDER_UNAVAILABLE'],
    ['warning', 'VALUE_QUARANTINED'],
    ['warning', 'ROTATION_BLOCKED'],
  ]);
  expect(healthIn(lockedDownWorld()).problems).toEqual([]);
});

test('what a problem concerns follows its summary', () => {
  expect(troubledWorld().overview.problems.map(detailOf)[3]).toBe('billing: stuck: it takes longer than 10m');
});
