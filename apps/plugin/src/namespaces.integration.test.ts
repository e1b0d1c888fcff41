import { join } from 'node:path';
import {
  driverRequest,
  type PluginProcess,
  startOpenBao,
  startPlugin,
  tempDirectory,
  type Vault,
} from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const directory = tempDirectory();
let bao: Vault;
let plugin: PluginProcess | undefined;

async function write(path: string, body: object, namespace = ''): Promise<void> {
  const { status, text } = await bao.request('POST', path, body, namespace === '' ? {} : { namespace });
  if (status >= 300) throw new Error(`${path}: ${status} ${text}`);
}

beforeAll(async () => {
  bao = await startOpenBao({ dir: join(directory.path, 'bao') });
  await write('secret/data/app', { data: { value: 'of root' } });
  for (const [parent, name] of [
    ['', 'team'],
    ['', 'other'],
    ['team', 'child'],
  ] as const) {
    await write(`sys/namespaces/${name}`, {}, parent);
    const namespace = parent === '' ? name : `${parent}/${name}`;
    await write('sys/mounts/secret', { type: 'kv', options: { version: '2' } }, namespace);
    await write('secret/data/app', { data: { value: `of ${namespace}` } }, namespace);
  }
});

afterEach(() => plugin?.kill());

afterAll(async () => {
  await bao?.stop();
  await directory.remove();
});

/** What a plugin answers that may read everything, for each mount. */
async function answersIn(namespace: string, asked: readonly (readonly [mount: string, path: string])[]) {
  plugin = await startPlugin({
    dir: join(directory.path, `plugin-${namespace.replaceAll('/', '-')}`),
    env: {
      PLUGIN_NAME: 'namespaces',
      DOCKER_HOST: `unix://${join(directory.path, 'no-docker.sock')}`,
      ENABLE_ROTATION: 'false',
      ENABLE_MONITORING: 'false',
      SECRETS_PROVIDER: 'openbao',
      OPENBAO_ADDR: bao.addr,
      OPENBAO_TOKEN: bao.rootToken,
      OPENBAO_NAMESPACE: namespace,
    },
  });
  await plugin.waitReady();
  const answers: string[] = [];
  for (const [mount, path] of asked) {
    const { body } = await driverRequest(plugin.socketPath, '/SecretProvider.GetSecret', {
      SecretName: 'db',
      SecretLabels: { openbao_mount: mount, openbao_path: path },
    });
    const { Value = '', Err = '' } = JSON.parse(body) as { readonly Value?: string; readonly Err?: string };
    answers.push(Err === '' ? Buffer.from(Value, 'base64').toString() : (/\[[A-Z_]+\]$/.exec(Err)?.[0] ?? Err));
  }
  return answers;
}

test('a label names key-value mounts of namespaces below the configured one, and nothing else there', async () => {
  expect(
    await answersIn('', [
      ['secret', 'app'],
      ['team/secret', 'app'],
      ['team/child/secret', 'app'],
      ['team/sys', 'mounts'],
      ['team/auth', 'token/lookup-self'],
      ['team/cubbyhole', 'app'],
      ['team/identity', 'entity'],
      ['team', 'secret/data/app'],
      ['team/secret/data', 'app'],
    ]),
  ).toEqual([
    'of root',
    'of team',
    'of team/child',
    '[INVALID_REF]',
    '[ACCESS_DENIED]',
    '[INVALID_REF]',
    '[INVALID_REF]',
    '[ACCESS_DENIED]',
    '[INVALID_REF]',
  ]);
});

test('a label does not lead out of the configured namespace, however it is written', async () => {
  const mounts = ['team/secret', 'other/secret', '../other/secret', '..%2fother/secret', 'root/secret', '/secret'];
  const answers = await answersIn(
    'team',
    mounts.map((mount) => [mount, 'app'] as const),
  );
  expect(answers.at(-1)).toBe('of team');
  for (const answer of answers.slice(0, -1)) expect(answer).toMatch(/^\[(ACCESS_DENIED|INVALID_REF)\]$/);
});
