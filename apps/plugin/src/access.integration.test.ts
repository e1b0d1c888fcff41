import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createDriverSecret,
  createService,
  OneManager,
  runningTasks,
  serviceTasks,
  tempDirectory,
  waitFor,
} from '@vault-swarm/lab';
import { afterAll, beforeAll, expect, test } from 'vitest';

const DRIVER = 'access-test';
const STACK = 'com.docker.stack.namespace';
const DENIED =
  'the access policy denies service pay_web vault secret/data/shop/db, field password: rule 2 grants vault secret/pay/*';

const directory = tempDirectory();
const configFile = join(directory.path, 'access.yaml');
let swarm: OneManager;

const policy = (payGrants: string) => `access:
  default: deny
  rules:
    - {stacks: [shop], grant: {vault: ["secret/shop/**"]}}
    - {stacks: [pay], grant: {vault: [${payGrants}]}}
`;

const events = (type: string) => swarm.logged(type);

beforeAll(async () => {
  await writeFile(configFile, policy('"secret/pay/*"'));
  swarm = await OneManager.start({ dir: directory.path, driver: DRIVER, env: { CONFIG_FILE: configFile } });
  await swarm.vault.request('POST', 'secret/data/shop/db', { data: { password: 'canary' } });
  await swarm.startPlugin();
  // Each spelling of the path is the same to the policy.
  for (const [name, path] of [
    ['shop_db', 'shop/db'],
    ['pay_db', 'secret/data/shop/db'],
  ] as const) {
    await createDriverSecret(swarm.engine, {
      name,
      driver: DRIVER,
      labels: { vault_path: path, vault_field: 'password' },
    });
  }
}, 120_000);
afterAll(async () => {
  await swarm?.stop();
  await directory.remove();
});

test('a denied service gets a task error and an event within 2 s, and an allowed one is not affected', async () => {
  await createService(swarm.engine, { name: 'shop_web', secrets: ['shop_db'], labels: { [STACK]: 'shop' } });
  await waitFor(async () => (await runningTasks(swarm.engine, 'shop_web')).length === 1, {
    timeoutMs: 60_000,
    what: 'the allowed task to run',
  });
  const createdAtMs = Date.now();
  await createService(swarm.engine, { name: 'pay_web', secrets: ['pay_db'], labels: { [STACK]: 'pay' } });
  await waitFor(
    async (see) => {
      const tasks = await serviceTasks(swarm.engine, 'pay_web');
      see(tasks);
      return tasks.some(({ error }) => error?.includes('secret') === true);
    },
    { timeoutMs: 60_000, what: 'the denied task to get an error' },
  );
  expect(await runningTasks(swarm.engine, 'pay_web')).toEqual([]);
  const [denied] = events('access.denied');
  expect(denied).toMatchObject({ service: 'pay_web', secret: 'pay_db', detail: DENIED, is_enforced: true });
  expect(Date.parse(String(denied?.time)) - createdAtMs).toBeLessThan(2_000);
  expect(events('delivery.failed')[0]).toMatchObject({ service: 'pay_web', code: 'POLICY_DENIED', detail: DENIED });
  expect(events('access.denied').filter(({ service }) => service !== 'pay_web')).toEqual([]);
  expect(await runningTasks(swarm.engine, 'shop_web')).toHaveLength(1);
}, 120_000);

test('an invalid file changes nothing and is reported, and a valid one is in force at once', async () => {
  await writeFile(configFile, policy('"secret/shop/**"').replace('rules', 'rulez'));
  await swarm.hasProblem('The access policy has changed and is not valid: CONFIG_FILE: access.rulez: is not known');
  expect(await runningTasks(swarm.engine, 'pay_web')).toEqual([]);
  await writeFile(configFile, policy('"secret/**"'));
  await waitFor(async () => (await runningTasks(swarm.engine, 'pay_web')).length === 1, {
    timeoutMs: 90_000,
    what: 'the task to run after the change of the policy',
  });
  expect(events('access.policy-changed')).toHaveLength(1);
}, 180_000);
