import { expect, test } from 'vitest';
import { compareRevisions, denied, locationOf, notFound } from './kv.ts';

const at = (time: string, number = 1) => `${number}@2026-11-28T${time}Z`;

test('the version that was made later is the newer one, whatever its number', () => {
  expect(compareRevisions(at('10:00:00.1'), at('10:00:00.2', 2))).toBeLessThan(0);
  expect(compareRevisions(at('10:00:01'), at('10:00:00', 5))).toBeGreaterThan(0);
  expect(compareRevisions(at('10:00:00'), at('10:00:00'))).toBe(0);
});

test('of two versions of one millisecond, the one with the greater number is the newer', () => {
  expect(compareRevisions(at('10:00:00.123456789', 3), at('10:00:00.123999999', 2))).toBeGreaterThan(0);
});

test.each(['', 'kT0mfP1Xb2', '1', '1@', '1@yesterday', '0@2026-11-28T10:00:00Z', '@2026-11-28T10:00:00Z'])(
  'what is no revision of KV v2 is compared with nothing: %j',
  (other) => {
    expect(compareRevisions(at('10:00:00'), other)).toBeUndefined();
    expect(compareRevisions(other, at('10:00:00'))).toBeUndefined();
  },
);

const locationIn = (location: Readonly<Record<string, string>>) =>
  locationOf({ provider: 'vault', location, encoding: 'raw' });

test.each([
  [{ mount: 'secret', path: 'app/db' }, 'v2', /there is no such secret$/],
  [{ mount: 'secret', path: 'data/app/db' }, 'v2', /remove "data\/" from the path, unless it is a directory/],
  [{ mount: 'secret', path: 'app/db', directory: 'data' }, 'v2', /there is no such secret$/],
  [
    { mount: 'legacy', path: 'app/db', directory: 'data' },
    'v1',
    /remove "data\/" .*legacy\/ is KV v1, which has none$/,
  ],
  [{ mount: 'secret', path: 'legacy/data/app/db' }, 'v2', /the mount is secret\/: name another one in the label/],
  [{ mount: 'secret', path: 'app/db ' }, 'v2', /the path starts or ends with a space$/],
  [{ mount: 'secret', path: 'app/db#password' }, 'v2', /a field is named by the label for the field$/],
] as const)('what is probably wrong with the path of %j in KV %s is said', (location, version, hint) => {
  expect(notFound(locationIn(location), version).message).toMatch(hint);
});

test('a denial names what is probably wrong with the path before the rule', () => {
  expect(denied(locationIn({ mount: 'legacy', path: 'data/app/db' }), 'v1').message).toMatch(
    /does not allow reading it; remove "data\/" .*; add path "legacy\/data\/app\/db"/,
  );
});
