import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { pluginConfig } from './plugin-config.ts';

const config = pluginConfig(['PLUGIN_NAME', 'PLUGIN_SOCKET', 'VAULT_TOKEN_FILE']);

test('it is a secret provider with no capability, whose socket has a name that Docker 20.10 takes', () => {
  expect(config.interface).toEqual({ types: ['docker.secretprovider/1.0'], socket: 'plugin.sock' });
  expect(config.linux.capabilities).toEqual([]);
  expect(`/run/docker/plugins/${'f'.repeat(64)}/plugin.sock`.length).toBeLessThanOrEqual(107);
});

test('Node is started with the same options and memory settings everywhere, and without a debugger', async () => {
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  const launcher = await readFile(`${root}bin/vault-swarm-plugin`, 'utf8');
  const dockerfile = await readFile(`${root}docker/Dockerfile`, 'utf8');
  const options = config.entrypoint.filter((word) => word.startsWith('--'));
  expect(options).toEqual(expect.arrayContaining(['--disable-sigusr1', '--no-warnings']));
  expect(launcher).toContain(`exec "$node" ${options.join(' ')} "$main" "$@"`);
  expect(dockerfile).toContain(`ENTRYPOINT ${JSON.stringify(config.entrypoint).replaceAll(',', ', ')}`);
  const memory = config.env
    .filter(({ name }) => name.startsWith('MALLOC_'))
    .map(({ name, value }) => `${name}=${value}`);
  expect(memory).toHaveLength(3);
  expect(launcher).toContain(`export ${memory.join(' ')}\n`);
  expect(dockerfile).toContain(`ENV ${memory.join(' ')}\n`);
  for (const [line] of dockerfile.matchAll(/.*"\/bin\/node".*/g)) expect(line).toContain('"--disable-sigusr1"');
});

test('the log is text, since the engine logs each line as an error, and can be set to JSON', () => {
  const { env } = pluginConfig(['LOG_FORMAT']);
  expect(env).toContainEqual(expect.objectContaining({ name: 'LOG_FORMAT', value: 'text', settable: ['value'] }));
});

test('every setting is empty and can be set, but for the socket, which the engine must find', () => {
  const settable = { value: '', settable: ['value'] };
  expect(config.env).toContainEqual(expect.objectContaining({ name: 'PLUGIN_NAME', ...settable }));
  expect(config.env).toContainEqual(expect.objectContaining({ name: 'VAULT_TOKEN_FILE', ...settable }));
  const sockets = config.env.filter(({ name }) => name === 'PLUGIN_SOCKET');
  expect(sockets).toEqual([expect.not.objectContaining({ settable: expect.anything() })]);
  expect(sockets).toMatchObject([{ value: '/run/docker/plugins/plugin.sock' }]);
});

test("the sources of both mounts can be set, and the operator's files can't be written", () => {
  expect(config.mounts.map(({ name, settable }) => [name, settable])).toEqual([
    ['docker', ['source']],
    ['credentials', ['source']],
  ]);
  expect(config.mounts.find(({ name }) => name === 'credentials')?.options).toContain('ro');
});
