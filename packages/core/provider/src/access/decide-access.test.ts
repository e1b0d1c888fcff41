import { expect, test } from 'vitest';
import type { SecretRef } from '../secret-ref.ts';
import type { AccessPolicy, AccessRule } from './access-policy.ts';
import { decideAccess } from './decide-access.ts';
import type { SecretConsumer } from './stack-membership.ts';

const rule = (more: Partial<Omit<AccessRule, 'grant'>> & { grant: Record<string, readonly string[]> }): AccessRule => ({
  stacks: null,
  services: null,
  versions: 'any',
  ...more,
  grant: new Map(Object.entries(more.grant)),
});

const policy = (more: Partial<AccessPolicy>): AccessPolicy => ({
  mode: 'enforce',
  default: 'deny',
  rules: [],
  stacksOfProvider: new Map(),
  ...more,
});

/** A ref as people write it: `vault secret/app/db`, with `@3` for a pinned version. */
function target(text: string): SecretRef {
  const [provider = '', rest = ''] = text.split(' ');
  const [path = '', pin] = rest.split('@');
  return { provider, location: { path }, encoding: 'raw', ...(pin === undefined ? {} : { pin }) };
}

/** A service as people write it: `shop_web in shop`. */
function consumer(text: string): SecretConsumer {
  const [service = '', stack] = text.split(' in ');
  return { service: service === 'nobody' ? undefined : service, stack };
}

const CONSUMERS = [
  'shop_web in shop',
  'shop_api in shop',
  'pay_api in pay',
  'web',
  'shop_web',
  'web in shop',
  'pay_web in shop',
  'nobody in shop',
];

const SHOP = rule({
  stacks: ['shop'],
  services: ['shop_*'],
  grant: { vault: ['secret/shop/**'], aws: ['prod/shop/*'] },
  versions: 'latest',
});
const BY_NAME = [
  rule({ services: ['*_api'], grant: { vault: ['secret/common/*'] } }),
  rule({ stacks: ['shop', 'pay'], grant: { vault: ['secret/**/db'] } }),
  rule({ services: ['shop_web'], grant: { vault: ['secret/shop/web/?'] }, versions: 'latest' }),
];
const ONE_SHOP = [
  'vault secret/shop/db',
  'vault secret/shop/web/a',
  'vault secret/shop/db@3',
  'aws prod/shop/key',
  'aws prod/shop/a/b',
];

/** For each policy and service, which of five refs it may read: `+` or `-`, in their order. */
const TABLE: readonly [string, AccessPolicy, readonly string[], readonly string[]][] = [
  [
    'a stack may read its own, in the newest version, and nobody else anything',
    policy({ rules: [SHOP] }),
    ONE_SHOP,
    ['++-+-', '++-+-', '-----', '-----', '-----', '-----', '-----', '-----'],
  ],
  [
    'the same, and services that no rule is for may read everything; not those that claim to be of the stack',
    policy({ rules: [SHOP], default: 'allow' }),
    ONE_SHOP,
    ['++-+-', '++-+-', '+++++', '+++++', '+++++', '-----', '-----', '-----'],
  ],
  [
    'what several rules grant adds up',
    policy({ rules: BY_NAME }),
    [
      'vault secret/common/x',
      'vault secret/shop/db',
      'vault secret/shop/web/a',
      'vault secret/shop/web/a@1',
      'vault secret/db',
    ],
    ['-++--', '++---', '++---', '-----', '--+--', '-----', '-----', '-----'],
  ],
  [
    'a provider of one stack is for nobody else, whatever rules grant',
    policy({
      default: 'allow',
      rules: [rule({ services: ['*_api'], grant: { 'vault-pay': ['**'], vault: ['secret/*'] } })],
      stacksOfProvider: new Map([['vault-pay', ['pay']]]),
    }),
    ['vault-pay secret/pay/db', 'vault-pay kv/x@9', 'vault secret/x', 'vault secret/x/y', 'aws prod/x'],
    ['--+++', '--+--', '+++--', '--+++', '--+++', '--+++', '--+++', '--+++'],
  ],
  [
    'upper and lower case differ, a rule without stacks and services is for everybody, and one without grants takes all',
    policy({
      default: 'allow',
      rules: [rule({ grant: { vault: ['secret/Shop/*', 'kv/*'] } }), rule({ services: ['web'], grant: {} })],
    }),
    ['vault secret/Shop/db', 'vault secret/shop/db', 'vault KV/db', 'vault kv/db', 'aws kv/db'],
    ['+--+-', '+--+-', '+--+-', '+--+-', '+--+-', '+--+-', '+--+-', '+--+-'],
  ],
];

test('the table has 200 combinations', () => {
  expect(TABLE.flatMap(([, , refs, rows]) => rows.flatMap((row) => [...row].slice(0, refs.length)))).toHaveLength(200);
});

test.each(TABLE)('%s', (_what, inForce, refs, rows) => {
  const decided = CONSUMERS.map((service) =>
    refs.map((ref) => (decideAccess(inForce, consumer(service), target(ref)).kind === 'granted' ? '+' : '-')).join(''),
  );
  expect(Object.fromEntries(CONSUMERS.map((service, row) => [service, decided[row]]))).toEqual(
    Object.fromEntries(CONSUMERS.map((service, row) => [service, rows[row]])),
  );
});

const reasonOf = (inForce: AccessPolicy, service: string, ref: string) => {
  const decision = decideAccess(inForce, consumer(service), target(ref));
  return decision.kind === 'denied' ? decision.reason : decision;
};

test.each([
  ['shop_web in shop', 'vault secret/pay/db', 'rule 1 grants vault secret/shop/** and aws prod/shop/*'],
  [
    'shop_web in shop',
    'vault secret/shop/db@3',
    'rule 1 grants it without a pinned version; remove the version from its labels',
  ],
  ['pay_api in pay', 'vault secret/shop/db', 'no rule is for it, and the default is deny'],
  [
    'web in shop',
    'vault secret/shop/db',
    'no rule is for it, and the default is deny; its label names the stack "shop", but its name "web" does not start with "shop_"',
  ],
  [
    'nobody in shop',
    'vault secret/shop/db',
    'no rule is for it, and the default is deny; its label names the stack "shop", but it has no name',
  ],
])('tells %s why it may not read %s', (service, ref, reason) => {
  expect(reasonOf(policy({ rules: [SHOP] }), service, ref)).toBe(reason);
});

test('tells what each rule for a service grants, and which stacks may use a provider', () => {
  expect(reasonOf(policy({ rules: BY_NAME }), 'shop_web in shop', 'vault secret/common/x')).toBe(
    'rule 2 grants vault secret/**/db; rule 3 grants vault secret/shop/web/?',
  );
  const only = policy({ default: 'allow', stacksOfProvider: new Map([['vault', ['pay', 'bank']]]) });
  expect(reasonOf(only, 'shop_web in shop', 'vault secret/x')).toBe(
    'the provider vault is only for the stacks pay, bank',
  );
});

test('names the rule that grants a ref, or none for the default', () => {
  expect(reasonOf(policy({ rules: BY_NAME }), 'shop_web in shop', 'vault secret/shop/db')).toEqual({
    kind: 'granted',
    rule: 1,
  });
  expect(reasonOf(policy({ default: 'allow' }), 'web', 'vault secret/shop/db')).toEqual({
    kind: 'granted',
    rule: null,
  });
});
