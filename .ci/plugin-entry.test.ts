import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Store } from '../docs/examples/provider-adapter/store.ts';
import { driverRequest } from '../packages/testing/lab/src/clients/unix-http.ts';
import { fillIn, openDocument } from '../packages/testing/lab/src/documents/document-blocks.ts';
import { startServer } from '../packages/testing/lab/src/servers/server-process.ts';

const root = resolve(import.meta.dirname, '..');
const run = promisify(execFile);
const description = openDocument('docs/examples/provider-adapter/README.md', import.meta.filename);
/** What the example's description has its readers run. */
const [copy = '', build = '', check = ''] = description
  .take('Build a plugin with it', 'sh')
  .split(/^(?=npm run|SECRETS_PROVIDER)/m)
  .map((commands) => commands.trim());

let directory: string;
/** The managed plugin. */
let built: string;

/** What an author does, in a directory outside of the workspace. */
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'plugin-entry-'));
  built = join(directory, 'plugin-with-store');
  await run('sh', ['-ec', fillIn(copy, { '/tmp': directory })], { cwd: root });
  await addPackage(join(directory, 'provider-adapter'));
  await run('sh', ['-ec', fillIn(build, { '/tmp': directory })], { cwd: root, maxBuffer: 1e8 });
}, 240_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

/** A library of the author's, with code that the adapter needs. */
async function addPackage(outside: string): Promise<void> {
  const library = join(outside, 'node_modules/store-client');
  await mkdir(library, { recursive: true });
  await writeFile(
    join(library, 'package.json'),
    '{"name":"store-client","version":"1.2.3","license":"MIT","main":"m.js"}',
  );
  await writeFile(join(library, 'm.js'), 'globalThis.storeClient = true;');
  await writeFile(join(library, 'LICENSE'), 'the licence of the client');
  const adapter = await readFile(join(outside, 'adapter.ts'), 'utf8');
  await writeFile(join(outside, 'adapter.ts'), `import 'store-client';\n${adapter}`);
}

const main = () => join(built, 'rootfs/opt/vault-swarm/main.js');

test('the entry of the description is the one of the example', async () => {
  const entry = await readFile(join(root, 'docs/examples/provider-adapter/plugin.mjs'), 'utf8');
  expect(description.take('Build a plugin with it', 'js')).toBe(entry);
  expect(description.left()).toEqual([]);
});

test("the plugin takes the settings of the adapter's kind, and refuses wrong ones", async () => {
  const names = { node: process.execPath, '/tmp': directory };
  const { stdout } = await run('sh', ['-ec', fillIn(check, names)]);
  expect(stdout).toBe('the configuration is valid\n');
  const env = { SECRETS_PROVIDER: 'store' };
  const wrong = await run(process.execPath, [main(), '--check-config'], { env }).catch((error) => error);
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('STORE_TOKEN: is missing') });
});

test("the managed plugin has the kind's variables, and its schema the kind", async () => {
  const { env } = JSON.parse(await readFile(join(built, 'config.json'), 'utf8'));
  const settable = (name: string) => expect.objectContaining({ name, settable: ['value'] });
  expect(env).toEqual(expect.arrayContaining(['STORE_ADDR', 'STORE_TOKEN', 'STORE_TOKEN_FILE'].map(settable)));
  const { stdout } = await run(process.execPath, [main(), '--describe']);
  const { kinds, configFileSchema } = JSON.parse(stdout);
  expect([kinds[0], kinds.at(-1)]).toEqual(['vault', 'store']);
  expect(Object.keys(configFileSchema.$defs.store.properties.settings.properties)).toEqual([
    'STORE_ADDR',
    'STORE_TOKEN_FILE',
  ]);
});

test("the author's libraries are in the bill of materials, and their licences in the notices", async () => {
  const { components } = JSON.parse(await readFile(join(built, 'sbom.cdx.json'), 'utf8'));
  expect(components).toContainEqual(expect.objectContaining({ name: 'store-client', version: '1.2.3' }));
  const notices = await readFile(join(built, 'rootfs/opt/vault-swarm/THIRD-PARTY-NOTICES.txt'), 'utf8');
  expect(notices).toContain('the licence of the client');
});

test('the plugin answers with a secret of the store', { timeout: 60_000 }, async () => {
  const store = new Store();
  await store.start();
  store.write('db', '{"fields": {"user": "app", "password": "hunter2"}}');
  const tokenFile = join(directory, 'token');
  await writeFile(tokenFile, `${store.token}\n`);
  const socket = join(directory, 'plugin.sock');
  const plugin = await startServer({
    name: 'the plugin with a store',
    command: process.execPath,
    args: [main()],
    env: {
      SECRETS_PROVIDER: 'store',
      STORE_ADDR: store.address,
      STORE_TOKEN_FILE: tokenFile,
      PLUGIN_SOCKET: socket,
      DOCKER_HOST: `unix://${directory}/no-docker.sock`,
      ENABLE_MONITORING: 'false',
    },
    logPath: join(directory, 'plugin.log'),
    timeoutMs: 30_000,
    answers: async () => (await driverRequest(socket, '/Plugin.Activate')).status === 200,
  });
  try {
    const ask = async (labels: Readonly<Record<string, string>>) => {
      const request = { SecretName: 'db_password', ServiceName: 'web', SecretLabels: labels };
      return JSON.parse((await driverRequest(socket, '/SecretProvider.GetSecret', request)).body);
    };
    const { Value: value, Err: error = '' } = await ask({ store_name: 'db', store_field: 'password' });
    expect(error).toBe('');
    expect(Buffer.from(value, 'base64').toString()).toBe('hunter2');
    const wrong = await ask({ store_nam: 'db' });
    expect(wrong.Err).toContain('label "store_nam" = "db" is not known; store has store_name, store_field');
  } finally {
    await plugin.end('SIGTERM');
    await store.stop();
  }
});
