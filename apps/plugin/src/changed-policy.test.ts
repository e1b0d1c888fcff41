import { AccessGuard, ALLOW_ALL, PolicyReload, type ProductEvent } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { policyIn } from './changed-policy.ts';

const granting = (path: string) => `access: {default: deny, rules: [{grant: {vault: ["${path}"]}}]}`;

/** A plugin whose CONFIG_FILE the test changes. */
function running() {
  const file: { text: string | null } = { text: granting('a/*') };
  const access = new AccessGuard(ALLOW_ALL);
  const events: ProductEvent[] = [];
  const readFile = () => {
    if (file.text === null) throw Object.assign(new Error('gone'), { code: 'ENOENT' });
    return file.text;
  };
  const reload = new PolicyReload({
    ...policyIn('/config.yaml', readFile, [{ name: 'vault', kind: 'vault' }]),
    access,
    events: { emit: (event) => events.push(event) },
  });
  const change = async (text: string | null) => {
    file.text = text;
    await reload.check();
    return {
      granted: access.policy.rules[0]?.grant.get('vault'),
      problems: reload.problems(),
      events: events.splice(0),
    };
  };
  return { access, change };
}

test('a changed file is in force at once, and an unchanged one changes nothing', async () => {
  const { access, change } = running();
  await change(granting('a/*'));
  expect(access.policy).toBe(ALLOW_ALL);
  expect(await change(granting('b/*'))).toEqual({
    granted: ['b/*'],
    problems: [],
    events: [{ type: 'access.policy-changed', rules: 1, isEnforced: true }],
  });
});

test.each([
  ['is no YAML', 'access: [', 'CONFIG_FILE: it is not YAML'],
  ['has an unknown setting', 'access: {rulez: []}', 'CONFIG_FILE: access.rulez: is not known'],
  [
    'grants secrets of an unknown provider',
    'access: {rules: [{grant: {aws: ["x"]}}]}',
    'CONFIG_FILE: access.rules.1.grant.aws: is the name of no provider',
  ],
  ['is gone', null, 'names a file that does not exist'],
])(
  'if the changed file %s, the policy in force stays, and the problem is reported once',
  async (_what, text, message) => {
    const { change } = running();
    await change(granting('b/*'));
    const changed = await change(text);
    expect(changed.granted).toEqual(['b/*']);
    expect(changed.problems).toMatchObject([{ code: 'POLICY_INVALID', detail: expect.stringContaining(message) }]);
    expect(changed.events).toMatchObject([{ type: 'plugin.warning', message: expect.stringContaining(message) }]);
    expect((await change(text)).events).toEqual([]);
    expect(await change(granting('c/*'))).toMatchObject({ granted: ['c/*'], problems: [] });
  },
);
