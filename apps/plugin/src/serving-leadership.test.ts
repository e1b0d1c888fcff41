import type { Role } from '@vault-swarm/rotation';
import { expect, test } from 'vitest';
import { ServingLeadership } from './serving-leadership.ts';

test.each([
  ['leader', true, 'leader'],
  ['leader', false, 'standby'],
  ['standby', true, 'standby'],
  ['worker', false, 'worker'],
] as const)('a plugin on a %s whose socket is its own: %s, is a %s', async (node, serves, role) => {
  const leadership = new ServingLeadership({ role: async (): Promise<Role> => node }, () => serves);
  expect(await leadership.role({ signal: new AbortController().signal })).toBe(role);
});
