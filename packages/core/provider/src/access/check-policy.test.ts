import { expect, test } from 'vitest';
import type { AccessPolicy, AccessRule } from './access-policy.ts';
import { unreachableRules, unusedRules } from './check-policy.ts';

type Grants = Readonly<Record<string, readonly string[]>>;

const rule = (grant: Grants, more: Partial<Omit<AccessRule, 'grant'>> = {}): AccessRule => ({
  stacks: null,
  services: null,
  versions: 'any',
  ...more,
  grant: new Map(Object.entries(grant)),
});

const policy = (rules: readonly AccessRule[], stacksOfProvider: Grants = {}): AccessPolicy => ({
  mode: 'enforce',
  default: 'deny',
  rules,
  stacksOfProvider: new Map(Object.entries(stacksOfProvider)),
});

const reasons = (inForce: AccessPolicy) =>
  unreachableRules(inForce).map(({ rule: number, reason }) => `${number} ${reason}`);

test.each([
  [
    'different rules',
    policy([rule({ vault: ['a/*'] }, { stacks: ['shop'] }), rule({ vault: ['a/**'] }, { stacks: ['pay'] })]),
    [],
  ],
  [
    'names that no service of the stack has',
    policy([rule({ vault: ['**'] }, { stacks: ['shop'], services: ['pay_*', 'web'] })]),
    ['1 is for no service: no service of the stacks shop has a name such as pay_*, web'],
  ],
  [
    'a provider of other stacks',
    policy([rule({ 'vault-pay': ['**'] }, { stacks: ['shop'] })], { 'vault-pay': ['pay'] }),
    ['1 grants vault-pay to the stacks shop, but vault-pay is only for pay'],
  ],
  [
    'the same rule twice',
    policy([rule({ vault: ['a/*'] }), rule({ vault: ['a/*'] })]),
    ['2 grants nothing that rule 1 does not grant to the same services'],
  ],
  [
    'a wider rule, also behind it',
    policy([
      rule({ vault: ['a/b', 'a/c'] }, { services: ['shop_web'], versions: 'latest' }),
      rule({ vault: ['a/*'] }, { services: ['shop_*'] }),
    ]),
    ['1 grants nothing that rule 2 does not grant to the same services'],
  ],
  [
    'a wider rule for the newest version only',
    policy([rule({ vault: ['a/b'] }), rule({ vault: ['a/*'] }, { versions: 'latest' })]),
    [],
  ],
  [
    'a wider rule for fewer services',
    policy([rule({ vault: ['a/b'] }), rule({ vault: ['a/*'] }, { services: ['*_api'] })]),
    [],
  ],
])('%s', (_what, inForce, expected) => {
  expect(reasons(inForce)).toEqual(expected);
});

test('a rule that has no effect in this Swarm is found', () => {
  const inForce = policy([
    rule({ vault: ['a/*'] }, { stacks: ['shop'] }),
    rule({ vault: ['b/*'] }, { stacks: ['shop'] }),
    rule({ vault: ['a/*'] }, { stacks: ['pay'] }),
    rule({}, { services: ['shop_web'] }),
  ]);
  const ref = { provider: 'vault', location: { path: 'a/db' }, encoding: 'raw' } as const;
  const uses = [{ consumer: { service: 'shop_web', stack: 'shop' }, refs: [ref] }];
  expect(unusedRules(inForce, uses)).toEqual([
    { rule: 2, reason: 'grants no secret that its services use' },
    { rule: 3, reason: 'is for no service that uses secrets of the plugin' },
  ]);
});
