import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');

/** Words that are not used, and what to write instead: docs/glossary.md has the terms. */
const words: readonly { readonly word: string; readonly pattern: RegExp; readonly write: string }[] = [
  { word: 'set aside', pattern: /\bset(?:s|ting)?\s+(?:[\w’']+\s+){0,3}aside\b/giu, write: 'quarantine' },
  { word: 'take back', pattern: /\b(?:takes?|taken|took|taking)\s+(?:[\w’']+\s+){0,2}back\b/giu, write: 'roll back' },
  { word: 'by hand', pattern: /\bby\s+hand\b/giu, write: 'manual, manually' },
  {
    word: 'left alone',
    pattern: /\b(?:left|leaves?|leaving)\s+(?:[\w’']+\s+){0,2}alone\b/giu,
    write: 'circuit open; not changed',
  },
  { word: 'anew', pattern: /\banew\b/giu, write: 'again' },
  { word: 'mend', pattern: /\bmend(?:s|ed|ing)?\b/giu, write: 'fix' },
  { word: 'begin', pattern: /(?<!-----)\b(?:begin|begins|began|begun)\b/giu, write: 'start' },
  { word: 'stands in', pattern: /\b(?:stands?|stood)\s+(?:in|beside|below|there)\b/giu, write: 'is in' },
  { word: 'look at', pattern: /\blook(?:s|ed|ing)?\s+at\b/giu, write: 'check, read' },
  { word: 'a look', pattern: /\b(?:a|each|every|latest)\s+look\b/giu, write: 'poll' },
  { word: 'house', pattern: /\bhouse\b/giu, write: 'repository' },
  { word: 'who may', pattern: /\bwho\s+may\b|\bwhoever\b/giu, write: 'clients with … access' },
  { word: 'at hand', pattern: /\bat\s+hand\b/giu, write: 'available, cached' },
  { word: 'under way', pattern: /\bunder\s+way\b/giu, write: 'in progress, in flight' },
  { word: 'in doubt', pattern: /\bin\s+doubt\b/giu, write: 'suspect' },
  { word: 'patience', pattern: /\bpatience\b/giu, write: 'timeout' },
  { word: 'folder', pattern: /\bfolders?\b/giu, write: 'directory' },
  { word: 'told', pattern: /\b(?:is|are|was|were|be|been)\s+told\b/giu, write: 'reported' },
  { word: 'noted', pattern: /\bnoted\b/giu, write: 'recorded' },
  { word: 'held values', pattern: /\bheld\s+values?\b|\bholdings\b/giu, write: 'cached values; task revisions' },
  {
    word: 'witness',
    pattern: /\b(?:witness(?:es)?|weather|shelf|shelves|desk)\b/giu,
    write: 'oracle, fault schedule, store',
  },
  { word: 'do away', pattern: /\bd(?:o|oes|oing|one)\s+away\b/giu, write: 'delete' },
  { word: 'papered over', pattern: /\bpapere?d? over\b/giu, write: 'hidden' },
  { word: 'mighty', pattern: /\bmighty\b/giu, write: 'with the rights of' },
  { word: 'hence', pattern: /\b(?:hence|thereby|lest|ought)\b/giu, write: 'so, by this, must' },
  { word: 'time-out', pattern: /\btime-outs?\b/giu, write: 'timeout' },
];

/** Texts of others, generated ones, and what was released. */
const NOT_OURS =
  /^[.]ci[/]vocabulary|^docs[/]glossary[.]md$|^[.]changeset[/]|CHANGELOG[.]md$|^docker[/]plugin[/]licences[/]|[/]vault-slim[/]|[/]test[/]ledgers[/]|[/]api[.]md$|pnpm-lock/;
const TEXT = /[.](?:ts|tsx|mjs|cjs|md|yml|css|html|json)$/;

/** Each place where a word is, as `file:line: word → what to write`. */
async function placesIn(file: string): Promise<readonly string[]> {
  const text = await readFile(join(root, file), 'utf8');
  return words.flatMap(({ word, pattern, write }) =>
    [...text.matchAll(pattern)].map(({ index }) => {
      const line = text.slice(0, index).split('\n').length;
      return `${file}:${line}: "${word}" → ${write}`;
    }),
  );
}

async function files(): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)('git', ['ls-files', '-z'], { cwd: root, maxBuffer: 1 << 26 });
  return stdout.split('\0').filter((file) => TEXT.test(file) && !NOT_OURS.test(file));
}

test('code, messages and documents use the terms of the glossary', async () => {
  const found = await Promise.all((await files()).map(placesIn));
  expect(found.flat()).toEqual([]);
});

test.each(words)('$word is found', ({ word, pattern }) => {
  const text =
    { 'set aside': 'set it aside', 'left alone': 'leaves it alone', told: 'is told', 'do away': 'does away' }[word] ??
    word;
  expect(text.match(pattern)).not.toBeNull();
});
