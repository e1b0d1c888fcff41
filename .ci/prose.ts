// Checks the sentences of the documents: their length, doubled words, and words that say nothing. A part of `npm run check`.
// cspell checks the spelling, .ci/vocabulary.test.ts the terms.
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** A longer sentence is hard to read for someone whose first language is another one. */
export const MAX_WORDS = 25;

const phrases: readonly (readonly [pattern: RegExp, write: string])[] = [
  [/\bin order to\b/i, 'to'],
  [/\b(?:utili[sz]es?|leverages?)\b/i, 'use'],
  [/\bdue to the fact that\b/i, 'because'],
  [/\b(?:at this point in time|currently)\b/i, 'now, or nothing'],
  [/\bprior to\b/i, 'before'],
  [/\bsubsequent(?:ly)?\b/i, 'then, later'],
  [/\b(?:please note|note that)\b/i, 'nothing: say it'],
  [/\b(?:simply|easily|obviously|of course|very|quite|basically|seamless(?:ly)?|robust)\b/i, 'nothing'],
  [/\b(?:a number of|a variety of)\b/i, 'several, or the number'],
  [/\b(?:in the event (?:of|that)|in case of)\b/i, 'if'],
  [/\b(?:has the ability to|is able to|are able to)\b/i, 'can'],
  [/\bwith (?:regard|respect) to\b/i, 'about'],
];

/** One place that is to be changed. */
export interface Finding {
  readonly line: number;
  readonly message: string;
}

/** The paragraphs, list items, headings and cells of a document, each with its line, without code and the targets of links. */
function textsOf(document: string): readonly { readonly line: number; readonly text: string }[] {
  const blank = (text: string) => text.replace(/[^\n]+/g, '');
  const prose = document
    .replace(/^( *)```[\s\S]*?^\1```$/gm, blank)
    .replace(/<!--[\s\S]*?-->/g, blank)
    .replace(/`[^`\n]+`/g, 'code')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/<https?:[^>]*>/g, 'address');
  const texts: { line: number; text: string }[] = [];
  let open: { line: number; text: string } | undefined;
  for (const [index, line] of prose.split('\n').entries()) {
    const isRow = line.startsWith('|');
    if (line.trim() === '' || isRow || /^ *(?:[-*]|\d+\.|#+) /.test(line)) open = undefined;
    if (isRow) texts.push(...line.split(/(?<!\\)\|/).map((text) => ({ line: index + 1, text })));
    else if (open !== undefined) open.text += ` ${line.trim()}`;
    else if (line.trim() !== '') {
      open = { line: index + 1, text: line.trim() };
      texts.push(open);
    }
  }
  return texts;
}

/** What is to be changed in a document in Markdown. */
export function checkProse(document: string): readonly Finding[] {
  const findings: Finding[] = [];
  for (const { line, text } of textsOf(document)) {
    // An abbreviation or a version has no space after its point.
    for (const sentence of text.split(/(?<=[.!?:;])[*_)”"]* +/)) {
      const words = sentence.match(/[\p{L}\p{N}][\p{L}\p{N}'’._-]*/gu) ?? [];
      if (words.length > MAX_WORDS) {
        findings.push({
          line,
          message: `a sentence of ${words.length} words: "${words.slice(0, 6).join(' ')} …"; make two`,
        });
      }
    }
    const [, doubled] = /\b(?!code\b|that\b|had\b)(\p{L}{2,})[ ]\1\b/iu.exec(text) ?? [];
    if (doubled !== undefined) findings.push({ line, message: `"${doubled} ${doubled}"` });
    for (const [pattern, write] of phrases) {
      const [found] = pattern.exec(text) ?? [];
      if (found !== undefined) findings.push({ line, message: `"${found}"; write: ${write}` });
    }
  }
  return findings;
}

if (import.meta.main) {
  const root = resolve(import.meta.dirname, '..');
  const documents = globSync('{*,docs/**/*,examples/**/*}.md', {
    cwd: root,
    exclude: (path) => /(^|\/)(node_modules|dist|decisions|CHANGELOG\.md|openapi\.md)$/.test(path),
  });
  const found = documents
    .sort()
    .flatMap((path) =>
      checkProse(readFileSync(join(root, path), 'utf8')).map(({ line, message }) => `${path}:${line}: ${message}`),
    );
  for (const text of found) process.stderr.write(`${text}\n`);
  process.exitCode = found.length === 0 ? 0 : 1;
}
