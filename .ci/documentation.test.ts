import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { checkNames } from '../apps/cli/src/doctor/finding.ts';
import { EXIT, failureCodes } from '../apps/cli/src/failure.ts';
import { addressVariables } from '../apps/cli/src/plugin/address.ts';
import { describeCommands } from '../apps/cli/src/program.ts';
import { headingId } from '../docs/site/.vitepress/heading-id.ts';
import { awsLabelScheme } from '../packages/adapters/aws/src/labels.ts';
import { fileLabelScheme } from '../packages/adapters/file/src/config.ts';
import { vaultLabelScheme } from '../packages/adapters/vault/src/labels.ts';
import { providerErrorCodes } from '../packages/core/provider/src/index.ts';
import { openDocument } from '../packages/testing/lab/src/document-blocks.ts';

const root = resolve(import.meta.dirname, '..');
const read = (path: string) => readFile(join(root, path), 'utf8');

test('every error code stands in the reference', async () => {
  const text = await read('docs/reference/errors.md');
  for (const code of [...providerErrorCodes, 'DEADLINE']) expect(text).toContain(`\`${code}\``);
});

test('every label stands in the reference', async () => {
  const text = await read('docs/reference/labels.md');
  const names = [
    ...awsLabelScheme.names,
    ...fileLabelScheme.names,
    ...vaultLabelScheme({ mount: 'secret' }).names,
    'provider',
    'rotate',
    'encoding',
  ];
  for (const name of names) expect(text).toContain(`\`${name}\``);
});

test('every environment variable that is read stands in the reference', async () => {
  const text = await read('docs/reference/environment.md');
  const sources = [
    'apps/plugin/src/configuration.ts',
    ...['aws', 'docker', 'file', 'http', 'logging', 'vault'].map((name) => `packages/adapters/${name}/src/config.ts`),
    ...(await readdir(join(root, 'packages/adapters/vault/src/auth'))).map(
      (name) => `packages/adapters/vault/src/auth/${name}`,
    ),
  ];
  const names = new Set<string>();
  for (const source of sources) {
    if (source.endsWith('.test.ts')) continue;
    const code = await read(source);
    const calls =
      /(?:environment|env)\.(?:has|optional|text|boolean|oneOf|integer|durationMs|url|credential)\(\s*'([A-Z_]+)'/g;
    for (const [, name] of code.matchAll(calls)) names.add(name ?? '');
    for (const [, name] of code.matchAll(/variable\('([A-Z_]+)'\)/g)) names.add(`VAULT_${name}`);
  }
  expect(names.size).toBeGreaterThan(30);
  // The reference marks credentials, which have a `_FILE` form each.
  const stands = (name: string) => text.includes(`\`${name.replace(/_FILE$/, '')}\``) || text.includes(`\`${name}\``);
  expect([...names].filter((name) => !stands(name))).toEqual([]);
});

test('every command of the command line, its options, variables, exit codes and errors stand in the reference', async () => {
  const text = await read('docs/reference/cli.md');
  const commands = describeCommands();
  expect(commands.length).toBeGreaterThan(5);
  const words = commands.flatMap(({ name, options }) => [name, ...options]);
  for (const word of [...words, ...addressVariables, ...failureCodes, ...checkNames])
    expect(text).toContain(`\`${word}\``);
  for (const code of Object.values(EXIT)) expect(text).toMatch(new RegExp(`^\\| ${code} \\| `, 'm'));
});

test("the snippet in rotation's description is the example's own code", async () => {
  const readme = openDocument('packages/core/rotation/README.md', import.meta.filename);
  expect(await read('docs/examples/process-pool/main.ts')).toContain(readme.take('Use it', 'ts'));
  expect(readme.left()).toEqual([]);
});

test('the tools are found after the command that the contributing guide begins with', async () => {
  const guide = openDocument('CONTRIBUTING.md', import.meta.filename);
  const script = `${guide.take('Set it up', 'sh')}for tool in node tsc vitest; do command -v $tool; done`;
  const { stdout } = await promisify(execFile)('sh', ['-ec', script], { cwd: root });
  const pinned = join(root, `node_modules/node-linux-${process.arch}/bin/node`);
  const tools = ['tsc', 'vitest'].map((name) => join(root, 'node_modules/.bin', name));
  expect(stdout.trim().split('\n')).toEqual([pinned, ...tools]);
  expect(guide.left()).toEqual([]);
});

/** The names of a page's headings in links. */
function headingIds(page: string): readonly string[] {
  const code = /^```.*?^```/gms;
  return [...page.replaceAll(code, '').matchAll(/^#+ (.*)$/gm)].map(([, text = '']) => headingId(text));
}

test('every link between the documents leads somewhere, and to a heading that is there', async () => {
  const folders = [
    ...[
      '.',
      'docs',
      'docs/guides',
      'docs/reference',
      'docs/decisions',
      'docs/examples/process-pool',
      'docs/examples/provider-adapter',
    ],
    'packages/core/rotation',
    'packages/testing/provider-contract',
  ];
  for (const folder of folders) {
    for (const name of (await readdir(join(root, folder))).filter((file) => file.endsWith('.md'))) {
      const text = await read(join(folder, name));
      for (const [link, target = '', heading] of text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)]*))?\)/g)) {
        const path = target === '' ? join(folder, name) : join(folder, target);
        const there = await readdir(join(root, path)).catch(() => read(path));
        if (heading !== undefined) expect(headingIds(String(there)), `${folder}/${name}: ${link}`).toContain(heading);
      }
    }
  }
});
