import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createDriverSecret, createService, OneManager, runningTasks, tempDirectory, waitFor } from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const DRIVER = 'ledger-trust-test';
const LEDGER = 'vault-swarm.ledger';
const SIGNATURE = 'vault-swarm.ledger.signature';
const IN_TIME = 60_000;

interface Config {
  readonly ID: string;
  readonly Version: { readonly Index: number };
  readonly Spec: { readonly Name: string; readonly Labels: Readonly<Record<string, string>>; readonly Data: string };
}

const directory = tempDirectory();
let swarm: OneManager;

async function start(env: Readonly<Record<string, string>>): Promise<void> {
  await swarm.plugin.kill('SIGTERM');
  await swarm.startPlugin(env);
}

const write = (password: string) => swarm.write('db', password);

const reaches = (value: string) => swarm.reaches('web', 'db', 2, value);

const config = async () => (await swarm.engine.api('GET', `/configs/${DRIVER}.ledger`)) as Config;
const labels = async () => (await config()).Spec.Labels;

/** Somebody who can write configs does it. */
async function put(Labels: Readonly<Record<string, string>>): Promise<void> {
  const { ID, Version, Spec } = await config();
  await swarm.engine.api('POST', `/configs/${ID}/update?version=${Version.Index}`, { ...Spec, Labels });
}

const says = (pattern: RegExp) =>
  waitFor(
    async (see) => {
      const now = await swarm.problems();
      see(now);
      return now.some((problem) => pattern.test(problem));
    },
    { timeoutMs: IN_TIME, what: `a problem like ${pattern}` },
  );

const isWell = () =>
  waitFor(
    async (see) => {
      const now = await swarm.problems();
      see(now);
      return now.length === 0;
    },
    { timeoutMs: IN_TIME, what: 'no problem' },
  );

/** The ledger is signed by another key than before. */
const isResigned = (before: string | undefined) =>
  waitFor(async () => (await labels())[SIGNATURE] !== before, { timeoutMs: IN_TIME, what: 'a new signature' });

const isSigned = () =>
  waitFor(async () => (await labels())[SIGNATURE] !== undefined, { timeoutMs: IN_TIME, what: 'a signed ledger' });

const idsOf = async (service: string) => (await runningTasks(swarm.engine, service)).map(({ id }) => id).sort();
const taskIds = () => idsOf('web');

/** Waits for so many further passes. */
async function passes(count: number): Promise<void> {
  const counted = () => swarm.plugin.logs().split('"reconcile.completed"').length;
  const before = counted();
  await waitFor(async () => counted() >= before + count, { timeoutMs: IN_TIME, what: `${count} passes` });
}

beforeAll(async () => {
  const secrets = join(directory.path, 'secrets');
  await mkdir(secrets);
  await writeFile(join(secrets, 'cert'), 'a certificate');
  swarm = await OneManager.start({
    dir: directory.path,
    driver: DRIVER,
    env: { VAULT_ROTATION_INTERVAL: '500ms', SECRETS_PROVIDER: 'vault,file', FILE_SECRETS_DIR: secrets },
    timeoutMs: IN_TIME,
  });
  await write('one');
  await swarm.startPlugin();
  await swarm.createSecret('db');
  await createDriverSecret(swarm.engine, { name: 'cert', driver: DRIVER, labels: { file_path: 'cert' } });
  await createService(swarm.engine, { name: 'web', replicas: 2, secrets: ['db'] });
  // Files have no revisions but what the key makes of their bytes.
  await createService(swarm.engine, { name: 'files', secrets: ['cert'] });
  await reaches('one');
  await waitFor(async () => (await idsOf('files')).length === 1, { timeoutMs: IN_TIME, what: 'a task of files' });
  await waitFor(async () => /"keys":\["[^"]+","/.test((await labels())[LEDGER] ?? ''), {
    timeoutMs: IN_TIME,
    what: 'a ledger that has both secrets',
  });
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(await swarm.describe());
});

afterAll(async () => {
  await swarm?.stop();
  await directory.remove();
});

test.each([
  ['a lockdown in a year that no date has', '"lockdown":{"sinceMs":1e300},'],
  ['millions of brackets', `"x":${'['.repeat(600_000)}${']'.repeat(600_000)},`],
])('without a key, a ledger of %s ends no process, and is made again', async (_what, fields) => {
  const tasks = await taskIds();
  const none = '"secrets":{"keys":[],"revisions":[],"digests":[],"seenAtMs":[]},"services":{}';
  await put({ [LEDGER]: `{"format":3,${fields}${none}}` });
  await waitFor(async () => /^\{"format":5,"digestKey":.*"keys":\["[^"]+","/.test((await labels())[LEDGER] ?? ''), {
    timeoutMs: IN_TIME,
    what: 'a ledger that has both secrets again',
  });
  await passes(3);
  await isWell();
  expect(await taskIds()).toEqual(tasks);
});

test('a ledger from before the key is signed when the operator says so, and no task is restarted', async () => {
  const tasks = [await taskIds(), await idsOf('files')];
  const unsigned = await config();
  expect(unsigned.Spec.Labels[SIGNATURE]).toBeUndefined();

  await start({ LEDGER_KEY: 'first key' });
  await says(
    /ledger is not trusted: the ledger has no integrity code.*LEDGER_ACCEPT_UNSIGNED=true.*secrets are served/,
  );
  expect((await config()).Version).toEqual(unsigned.Version);

  await start({ LEDGER_KEY: 'first key', LEDGER_ACCEPT_UNSIGNED: 'true' });
  await isSigned();
  expect(swarm.plugin.logs()).toContain('LEDGER_ACCEPT_UNSIGNED');
  await waitFor(async () => JSON.parse((await labels())[LEDGER] ?? '').digestKey === undefined, {
    timeoutMs: IN_TIME,
    what: 'a ledger without a key of its own',
  });
  await start({ LEDGER_KEY: 'first key' });
  await isWell();
  await passes(5);
  expect([await taskIds(), await idsOf('files')]).toEqual(tasks);
  await write('two');
  await reaches('two');
});

test('the key is replaced, and no task is restarted', async () => {
  const tasks = [await taskIds(), await idsOf('files')];
  await start({ LEDGER_KEY: 'second key' });
  await says(/not made with our LEDGER_KEY; the id of our key is \S{8}, that of the ledger's writer \S{8}/);
  const { [SIGNATURE]: before } = await labels();
  await start({ LEDGER_KEY: 'second key', LEDGER_KEY_PREVIOUS: 'first key' });
  await isResigned(before);
  await passes(5);
  await start({ LEDGER_KEY: 'second key' });
  await isWell();
  await passes(5);
  await start({});
  await says(/this plugin has no LEDGER_KEY to check it/);
  expect([await taskIds(), await idsOf('files')]).toEqual(tasks);
});

test('a ledger that somebody changed is not acted on: secrets are served, and the operator says how it goes on', async () => {
  await start({ LEDGER_KEY: 'second key' });
  await isWell();
  const right = await labels();
  const changed = (right[LEDGER] ?? '').replace(/"seenAtMs":\[\d/, '"seenAtMs":[9');
  expect(changed).not.toBe(right[LEDGER]);
  await put({ ...right, [LEDGER]: changed });
  await says(/integrity code was not made with our LEDGER_KEY.*docker config rm ledger-trust-test\.ledger/);
  const { Version } = await config();
  await write('three');
  await swarm.engine.docker('service', 'scale', '--detach', 'web=3');
  await waitFor(async () => (await taskIds()).length === 3, { timeoutMs: IN_TIME, what: 'a third task' });
  await swarm.engine.docker('service', 'scale', '--detach', 'web=2');
  expect((await config()).Version).toEqual(Version);

  await put(right);
  await isWell();
  await reaches('three');
});

test('an older copy is not acted on: the newest is written again', async () => {
  const old = await labels();
  await write('four');
  await reaches('four');
  await isWell();
  const newest = await waitFor(
    async () => {
      const now = await labels();
      return now[LEDGER]?.includes('"rollout"') === false && now[LEDGER] !== old[LEDGER] && now;
    },
    { timeoutMs: IN_TIME, what: 'the ledger at rest' },
  );
  const tasks = await taskIds();
  await put(old);
  await waitFor(async () => (await labels())[LEDGER] === newest[LEDGER], {
    timeoutMs: IN_TIME,
    what: 'the newest ledger',
  });
  expect(swarm.plugin.logs()).toContain('the ledger was replaced by an older copy');
  await isWell();
  expect(await taskIds()).toEqual(tasks);
});
