import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { describeCommands } from '../apps/cli/src/program.ts';
import { headingId } from '../docs/site/.vitepress/heading-id.ts';
import { openDocument } from '../packages/testing/lab/src/documents/document-blocks.ts';

const root = resolve(import.meta.dirname, '..');
const read = (path: string) => readFile(join(root, path), 'utf8');

test("the snippet in rotation's description is the example's own code", async () => {
  const readme = openDocument('packages/core/rotation/README.md', import.meta.filename);
  expect(await read('docs/examples/process-pool/main.ts')).toContain(readme.take('Use it', 'ts'));
  expect(readme.left()).toEqual([]);
});

test('the tools are found after the command that the contributing guide starts with', async () => {
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

test('every link between the documents leads to an existing file and heading', async () => {
  // A released text is not changed, so a link in it may be to what is gone.
  const isOurs = (path: string) => !/(^|\/)(node_modules|dist|api\.md|CHANGELOG\.md)(\/|$)/.test(path);
  const pages = globSync('{*,docs/**/*,examples/**/*,packages/**/*}.md', { cwd: root }).filter(isOurs);
  expect(pages).toEqual(expect.arrayContaining(['README.md', 'docs/guides/install.md', 'examples/aws/README.md']));
  for (const page of pages) {
    const text = await read(page);
    for (const [link, target = '', heading] of text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)]*))?\)/g)) {
      const path = target === '' ? page : join(dirname(page), target);
      const there = await readdir(join(root, path)).catch(() => read(path));
      if (heading !== undefined) expect(headingIds(String(there)), `${page}: ${link}`).toContain(heading);
    }
  }
});

test('every command of vault-swarm that the documents name is one, and so is each of its options', async () => {
  const commands = new Map(describeCommands().map(({ name, options }) => [name, options]));
  commands.set('completion', []); // Of the library that parses the command line.
  const wrong: string[] = [];
  for (const page of globSync('{*,docs/**/*,examples/**/*}.md', { cwd: root })) {
    if (/node_modules|decisions|CHANGELOG/.test(page)) continue;
    for (const [call, name = '', rest = ''] of (await read(page)).matchAll(
      /(?<=^|[`$ (])(?:bin\/)?vault-swarm ([a-z]+)([^`\n#|;]*)/gm,
    )) {
      if (!commands.has(name)) wrong.push(`${page}: ${call}`);
      for (const [, option = ''] of rest.matchAll(/(--[a-z-]+)/g)) {
        if (commands.has(name) && !commands.get(name)?.includes(option)) wrong.push(`${page}: ${call.trim()}`);
      }
    }
  }
  expect(wrong).toEqual([]);
});

test('the architecture names only existing files', async () => {
  const { stdout } = await promisify(execFile)('git', ['ls-files'], { cwd: root, maxBuffer: 1 << 26 });
  const files = stdout.trim().split('\n');
  const named = [...(await read('docs/architecture.md')).matchAll(/`([\w./-]+[.](?:ts|mjs))`/g)].map(
    ([, name = '']) => name,
  );
  expect(named.length).toBeGreaterThan(60);
  expect(named.filter((name) => !files.some((file) => `/${file}`.endsWith(`/${name}`)))).toEqual([]);
});
