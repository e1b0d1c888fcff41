import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const core = resolve(import.meta.dirname, '../packages/core');

/** Programs and packages whose names contain the words. */
const NAMES = /@?vault-swarm\b|swarm-external-secrets/gu;

/** The places in a text that name one orchestrator, as `line: text`. */
function placesIn(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line, index) => ({ line, number: index + 1 }))
    .filter(({ line }) => /docker|swarm/iu.test(line.replaceAll(NAMES, '')))
    .map(({ line, number }) => `${number}: ${line.trim()}`);
}

test('core names no orchestrator: texts about one come from its adapter', async () => {
  const sources = globSync('*/src/**/*.ts', { cwd: core }).filter(
    (file) => !file.endsWith('.test.ts') && !file.includes('/testing/'),
  );
  expect(sources.length).toBeGreaterThan(100);
  const found = await Promise.all(
    sources.map(async (file) => placesIn(await readFile(join(core, file), 'utf8')).map((place) => `${file}:${place}`)),
  );
  expect(found.flat()).toEqual([]);
});

test('the check finds a name in code and in a comment', () => {
  const text = "// a Swarm secret\nconst x = 'docker info';\nimport { a } from '@vault-swarm/kernel';";
  expect(placesIn(text)).toEqual(['1: // a Swarm secret', "2: const x = 'docker info';"]);
});
