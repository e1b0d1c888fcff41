import { resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openDocument } from '../documents/document-blocks.ts';
import { run } from '../process/command.ts';
import { sandboxDirectory, tempDirectory } from '../process/sandbox.ts';

const readme = openDocument('README.md', import.meta.filename);
const repository = resolve(import.meta.dirname, '../../../../..');
const home = tempDirectory();
afterAll(() => home.remove());

test('the first command of the README shows a rotation, and with --once exits with 0', async () => {
  sandboxDirectory(); // The demo makes a sandbox of its own in this one.
  const [demo = ''] = readme.take('Vault Swarm Plugin', 'sh').split(/ +#/);
  const { stdout, stderr, code } = await run('sh', ['-c', `${demo} -- --once`], {
    cwd: repository,
    env: { PATH: process.env.PATH, HOME: home.path },
    timeoutMs: 120_000,
  });
  expect(code, stderr).toBe(0);
  expect(stdout.toString()).toMatch(/5\. Done: \d+\.\d\d s from the change until all 4 tasks had the new value\./);
  expect(readme.left()).toEqual([]);
});
