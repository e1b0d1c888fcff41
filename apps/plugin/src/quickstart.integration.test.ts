import { join } from 'node:path';
import { importImage, labImage, type OwnEngine, startEngine, tempDirectory, waitFor } from '@vault-swarm/lab';
import { fillIn, openDocument } from '@vault-swarm/lab/documents';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPlainShell } from './testing/operator-shell.ts';

const guide = openDocument('docs/guides/quickstart.md', import.meta.filename);
const inTime = { timeoutMs: 90_000 };
const directory = tempDirectory();
let engine: OwnEngine;

beforeAll(async () => {
  engine = await startEngine({ dir: join(directory.path, 'engine') });
  await importImage(engine);
  await engine.dockerBytes('tag', labImage, 'busybox');
});

afterAll(async () => {
  await engine?.stop();
  await directory.remove();
});

test('the quickstart works from its first command to its last, with the values that it promises', async () => {
  const shell = await startPlainShell(engine, directory.path);
  const startVault = fillIn(guide.take('1. Start Vault', 'sh'), { 'vault.log': join(directory.path, 'vault.log') });
  const [environment = ''] = /^export .*$/m.exec(startVault) ?? [];
  const run = (script: string) => shell.run(`${environment}\n${script}`);
  /** Repeats commands of the guide until they print a text, as a reader would. */
  const until = (script: string, text: string | RegExp) =>
    waitFor(
      async (see) => {
        const said = await run(script);
        see(said);
        return typeof text === 'string' ? said.includes(text) : text.test(said);
      },
      { ...inTime, what: `${String(text)} from ${script}` },
    );

  const started = await shell.run(`${startVault}\necho "process $!"`);
  expect(started).toMatch(/version +1\b/);
  const [, vaultProcess = ''] = /^process (\d+)$/m.exec(started) ?? [];
  expect(await run(guide.take('2. Start a Swarm', 'sh'))).toContain('Swarm initialized');

  const install = fillIn(guide.take('3. Install the plugin', 'sh'), {
    // What it leaves was built before the tests.
    'npm run plugin:build': 'test -f dist/plugin/config.json',
    'VAULT_TOKEN=root': `VAULT_TOKEN=root docker.source=${engine.socketPath}`,
  });
  expect((await run(install)).trim().split('\n').at(-1)).toBe('vault-secrets-plugin');

  const use = guide.take('4. Use a secret', 'sh');
  await run(fillIn(use, { 'docker service create': 'docker service create --no-resolve-image' }));
  await until('docker service logs web', /\| first$/m);

  await run(guide.take('5. Rotate it', 'sh'));
  const progress = guide.take('5. Rotate it', 'sh');
  await until(progress, /\| second$/m);
  await until(progress, /Running[\s\S]*Shutdown/);
  const shown = guide.take('5. Rotate it', 'sh');
  await until(`${shown.replaceAll('\n', ' || true\n')}`, 'All is well.');
  expect(await run(shown)).toMatch(/db_password/);

  // Each script has a shell of its own, and Vault is a job of the first one.
  await run(fillIn(guide.take('6. Delete everything', 'sh'), { 'kill %1': `kill ${vaultProcess}` }));
  expect(guide.left()).toEqual([]);
});
