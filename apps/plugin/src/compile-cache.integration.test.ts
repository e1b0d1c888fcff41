import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { driverRequest, startPlugin, tempDirectory } from '@vault-swarm/lab';
import { afterAll, expect, test } from 'vitest';

const directory = tempDirectory();
const built = resolve(import.meta.dirname, '../dist');
afterAll(() => directory.remove());

/** The contents of a bundle's compiled code, by path. */
async function compiledCode(bundle: string): Promise<ReadonlyMap<string, string>> {
  const top = join(bundle, 'compile-cache');
  const entries = await readdir(top, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return new Map(
    await Promise.all(files.map(async (file) => [file.slice(top.length), await readFile(file, 'base64')] as const)),
  );
}

test('V8 takes the compiled code of each file', async () => {
  const secrets = join(directory.path, 'secrets');
  await mkdir(secrets);
  await writeFile(join(secrets, 'db'), 'value');
  const plugin = await startPlugin({
    dir: join(directory.path, 'plugin'),
    env: {
      PLUGIN_SOCKET: join(directory.path, 'p.sock'),
      DOCKER_HOST: `unix://${directory.path}/nobody.sock`,
      SECRETS_PROVIDER: 'file',
      FILE_SECRETS_DIR: secrets,
      NODE_DEBUG_NATIVE: 'COMPILE_CACHE',
    },
  });
  await plugin.waitReady();
  await driverRequest(plugin.socketPath, '/SecretProvider.GetSecret', {
    SecretName: 'db',
    SecretLabels: { file_path: 'db' },
  });
  await plugin.kill('SIGTERM');
  expect(plugin.logs()).toContain('plugin.mjs was accepted');
  expect(plugin.logs()).not.toMatch(/was (rejected|not initialized)/);
});

test('the same code gives the same compiled code in another directory', async () => {
  const compiled = async (name: string) => {
    const copy = join(directory.path, name);
    await cp(built, copy, { recursive: true });
    await promisify(execFile)(process.execPath, [resolve(built, '../compile-cache.mjs'), copy]);
    return compiledCode(copy);
  };
  expect(await compiled('copy')).toEqual(await compiled('another'));
});
