import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { figuresAsMarkdown, type Report } from '../packages/testing/lab/src/bench/report.ts';

const root = resolve(import.meta.dirname, '..');
const START = '<!-- start: figures of docs/benchmarks -->';
const END = '<!-- end -->';

/** To write it: `vitest run --project repository .ci/benchmark-figures.test.ts --update`. */
test('the figures of the guide are those of the stored runs', async () => {
  const guide = join(root, 'docs/guides/benchmark.md');
  const files = globSync('docs/benchmarks/*.json', { cwd: root }).sort();
  const reports = await Promise.all(
    files.map(async (file): Promise<Report> => JSON.parse(await readFile(join(root, file), 'utf8'))),
  );
  expect(reports.flatMap(({ cases }) => cases).flatMap(({ failures }) => failures)).toEqual([]);
  const text = await readFile(guide, 'utf8');
  const [before, rest] = text.split(START);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`${guide} needs ${START} and ${END}`);
  const section = [START, '', figuresAsMarkdown(reports), '', END].join('\n');
  await expect(before + section + after).toMatchFileSnapshot(guide);
});
