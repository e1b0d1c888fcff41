import { expect, test } from 'vitest';
import { revisionName } from './revision-name.ts';

test.each([
  ['3@2026-03-01T10:00:00.123456789Z', '3'],
  ['7', '7'],
  ['a81bc81b-dead-4e5d-abff-90865d1e13b1', 'a81bc81b-dea…'],
  ['thirteen char', 'thirteen char'],
])('names revision %s %s', (revision, name) => {
  expect(revisionName(revision)).toBe(name);
});
