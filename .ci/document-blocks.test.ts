import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readBlocks } from '../packages/testing/lab/src/documents/document-blocks.ts';

const root = resolve(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const documents = globSync('{*,apps/**/*,docs/**/*,examples/**/*,packages/**/*}.md', {
  cwd: root,
  // An api.md is a report, made by its test.
  exclude: (path) => /(^|\/)(node_modules|dist|api\.md)$/.test(path),
}).sort();
/** What is shown, and is not for a computer to take. */
const shown = ['text', 'mermaid'];

/** Whether a test opens a document and looks that it ran all of its blocks. */
function runs(test: string, document: string): boolean {
  const code = read(test);
  const opened = [...code.matchAll(/\bopenDocument\(\s*(['`])(.*?)\1/g)].map(([, , path = '']) => path);
  const isOpened = opened.some((path) => {
    const parts = path.split(/\$\{[^}]*\}/);
    return document.startsWith(parts[0] ?? '') && document.endsWith(parts.at(-1) ?? '');
  });
  return isOpened && /\.left\(\)/.test(code);
}

test('the documents are found', () => {
  expect(documents).toEqual(expect.arrayContaining(['README.md', 'docs/guides/install.md']));
});

describe.each(documents)('%s', (document) => {
  const text = read(document);
  const blocks = readBlocks(text);
  const marked = blocks.filter(({ language }) => !shown.includes(language));
  const prose = text.replaceAll(/^( *)```.*?^\1```$/gms, '');
  const where = ({ line }: { readonly line: number }) => `${document}:${line}`;

  test('has a language for each block, and no block that is only indented', () => {
    expect(blocks.filter(({ language }) => language === '').map(where)).toEqual([]);
    // Indented text that does not go on with a list.
    expect([...prose.matchAll(/^(?![ *-]|\d+\.).*\n\n {4}\S.*$/gm)].map(([lines]) => lines)).toEqual([]);
  });

  test('has no double braces in its prose, which the site of the documents would take for code of its own', () => {
    // In code within a line the site shows them as they are.
    expect(prose.replaceAll(/`[^`\n]+`/g, '')).not.toContain('{{');
  });

  test('says above each block of commands, code or configuration which test runs it, or why none does', () => {
    expect(marked.filter(({ runBy, notRun }) => runBy === undefined && notRun === undefined).map(where)).toEqual([]);
  });

  test('has a reason if no test runs a block', () => {
    const reasons = marked.filter(({ notRun }) => notRun !== undefined);
    expect(reasons.filter(({ notRun = '' }) => notRun.split(' ').length < 3).map(where)).toEqual([]);
  });

  test('names tests that CI runs, and that take the blocks from here', () => {
    const tests = [...new Set(marked.flatMap(({ runBy }) => runBy ?? []))];
    const wrong = tests.filter((file) => {
      const isOfCi = file.endsWith('.test.ts') && !file.endsWith('.swarm.test.ts');
      return !(isOfCi && existsSync(join(root, file)) && runs(file, document));
    });
    expect(wrong).toEqual([]);
  });
});
