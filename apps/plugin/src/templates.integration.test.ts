import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  createDriverSecret,
  createService,
  labImage,
  type OwnEngine,
  type PluginProcess,
  runningTasks,
  serviceTasks,
  startPlugin,
  startSwarm,
  startVault,
  tempDirectory,
  type Vault,
  waitFor,
} from '@vault-swarm/lab';
import { fillIn, openDocument } from '@vault-swarm/lab/documents';
import { afterAll, beforeAll, expect, test } from 'vitest';

const guide = openDocument('docs/guides/templates.md', import.meta.filename);
const driver = 'templates-test';
const inTime = { timeoutMs: 90_000 };
const directory = tempDirectory();
let engine: OwnEngine;
let vault: Vault;
let plugin: PluginProcess;

beforeAll(async () => {
  [engine, vault] = await Promise.all([
    startSwarm({ dir: join(directory.path, 'engine') }),
    startVault({ dir: join(directory.path, 'vault') }),
  ]);
  plugin = await startPlugin({
    dir: join(directory.path, 'plugin'),
    env: {
      PLUGIN_NAME: driver,
      DOCKER_HOST: engine.host,
      VAULT_ADDR: vault.addr,
      VAULT_TOKEN: vault.rootToken,
      VAULT_ROTATION_INTERVAL: '1s',
      ENABLE_MONITORING: 'false',
    },
  });
  await plugin.waitReady();
});

afterAll(async () => {
  await plugin?.kill('SIGKILL');
  await Promise.all([engine?.stop(), vault?.stop()]);
  await directory.remove();
});

async function write(user: string, password: string): Promise<void> {
  const { status, text } = await vault.request('POST', 'secret/data/app/db', { data: { user, password } });
  if (status !== 200) throw new Error(`Vault rejected the values: ${status} ${text}`);
}

/** Reads a file of the one running task of a service. */
async function fileOf(service: string, path: string): Promise<string | null> {
  const [task, ...others] = await runningTasks(engine, service);
  if (task === undefined || others.length > 0) return null;
  const { stdout, code } = await engine.docker('exec', task.containerId, 'cat', path);
  return code === 0 ? stdout : null;
}

test("the guide's stack has its file from two secrets, and after a rotation the file has the new values", async () => {
  const template = guide.take('1. Write the template', 'text');
  const stack = fillIn(guide.take('2. Use it in the stack', 'yaml'), {
    IMAGE: labImage,
    'vault-secrets-plugin': driver,
  });
  const files = join(directory.path, 'stack');
  await mkdir(files);
  await writeFile(join(files, 'app.env.tmpl'), template);
  await writeFile(join(files, 'stack.yml'), stack);
  await write('app', 'p@ss:1/2');
  await engine.deployStack('shop', [join(files, 'stack.yml')]);

  const read = guide.take('2. Use it in the stack', 'sh');
  const shown = async () => {
    const { stdout } = await promisify(execFile)('bash', ['-ec', read], {
      env: { ...process.env, DOCKER_HOST: engine.host },
    });
    return stdout;
  };
  const shows = (text: string) =>
    waitFor(
      async (see) => {
        const now = await shown();
        see(now);
        return now === text;
      },
      { ...inTime, what: `the file with ${text}` },
    );
  const url = (user: string, password: string) =>
    `DATABASE_URL=postgresql://${user}:${password}@db.example:5432/shop\nINSTANCE=shop_web-1\n`;
  await shows(url('app', 'p%40ss%3A1%2F2'));
  // The braces of a value are no template.
  await write('app2', '{{ env "PATH" }}');
  await shows(url('app2', '%7B%7B+env+%22PATH%22+%7D%7D'));
  expect(guide.left()).toEqual([]);
});

/** Creates a config with a template, and a service with it and the secret `db_password`. */
async function serviceWith(name: string, template: string): Promise<void> {
  const file = join(directory.path, `${name}.tmpl`);
  await writeFile(file, template);
  await engine.dockerBytes('config', 'create', '--template-driver', 'golang', name, file);
  const flags = [
    '--config',
    `source=${name},target=/run/file`,
    '--config',
    'source=plain,target=/run/plain',
    '--env',
    'MODE=debug',
    '--hostname',
    'the-host',
  ];
  await createService(engine, { name, secrets: ['db_password'], flags });
}

test.each([
  ['quoted', '{{ secret "db_password" | printf "%q" }}', '"a\\"b"'],
  ['conditional', '{{ if eq (env "MODE") "debug" }}verbose{{ end }}', 'verbose'],
  ['placed', '{{ .Service.Name }}.{{ .Task.Slot }}', 'placed.1'],
  ['composed', '[{{ config "/run/plain" }}]', '[a text]'],
])('a template may be %s', async (name, template, expected) => {
  await prepareSecret();
  await serviceWith(name, template);
  await waitFor(async () => (await fileOf(name, '/run/file')) === expected, {
    ...inTime,
    what: `${name}: ${expected}`,
  });
});

let isPrepared = false;
/** Creates the secret `db_password` with a value that must be quoted. */
async function prepareSecret(): Promise<void> {
  if (isPrepared) return;
  isPrepared = true;
  await vault.request('POST', 'secret/data/quotes', { data: { password: 'a"b' } });
  await engine.api('POST', '/configs/create', { Name: 'plain', Data: btoa('a text') });
  await createDriverSecret(engine, { name: 'db_password', driver, labels: { vault_path: 'quotes' } });
}

/** Waits until a task of the service was rejected with a message. */
async function rejected(service: string, message: RegExp): Promise<void> {
  await waitFor(
    async (see) => {
      const errors = (await serviceTasks(engine, service)).flatMap(({ error }) => error ?? []);
      see(errors);
      return errors.some((error) => message.test(error));
    },
    { ...inTime, what: `a task of ${service} rejected with ${String(message)}` },
  );
}

test("a secret of the driver with a template driver of its own executes the provider's value, as the guide warns", async () => {
  await vault.request('POST', 'secret/data/trap', { data: { value: 'mode {{ env "MODE" }}' } });
  const flags = ['--driver', driver, '--template-driver', 'golang', '--label', 'vault_path=trap'];
  await engine.dockerBytes('secret', 'create', ...flags, 'trap');
  await createService(engine, { name: 'trapped', secrets: ['trap'], flags: ['--env', 'MODE=debug'] });
  await waitFor(async () => (await fileOf('trapped', '/run/secrets/trap')) === 'mode debug', {
    ...inTime,
    what: 'the executed value',
  });
});

test.each([
  ['missing', '{{ secret "other" }}', /failed to expand templated config .*: secret target other not found$/],
  [
    'broken',
    '{{ secret db_password }}',
    /failed to expand templated config .*: template: expansion:1: function "db_password" not defined/,
  ],
])('the task of a template that is %s is rejected with the words of the guide', async (name, template, message) => {
  await prepareSecret();
  await serviceWith(name, template);
  await rejected(name, message);
});
