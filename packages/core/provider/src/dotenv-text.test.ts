import { execFileSync } from 'node:child_process';
import { parseEnv } from 'node:util';
import { fc, holdsFor } from '@vault-swarm/fuzz';
import { expect, test } from 'vitest';
import { dotenvText } from './dotenv-text.ts';

/** Characters that have a meaning in one of the readers. */
const special = fc.constantFrom(
  ...'\'"`$\\#=! \t\n;&|()<>*?[]~{}%@:,+-'.split(''),
  'é',
  '🐙',
  '$A',
  '$(id)',
  '\\n',
  'export ',
);
const texts = fc.array(fc.oneof(special, fc.string({ unit: 'grapheme', maxLength: 5 })), { maxLength: 8 });
const files = fc
  .uniqueArray(
    fc.tuple(
      fc.stringMatching(/^V_[A-Za-z0-9_]{0,6}$/),
      texts.map((parts) => parts.join('')),
    ),
    { selector: ([name]) => name, minLength: 1, maxLength: 4 },
  )
  .map((fields) => ({ fields, file: dotenvText(fields) }));

test('Node reads back what was written', () =>
  holdsFor(files, ({ fields, file }) => {
    if (file.kind === 'text') expect(parseEnv(file.text)).toEqual(Object.fromEntries(fields));
  }));

test('a POSIX shell reads back what was written', () => {
  const written = fc
    .sample(files, 300)
    .flatMap(({ fields, file }) => (file.kind === 'text' ? [{ fields, text: file.text }] : []));
  expect(written.length).toBeGreaterThan(100);
  const script = written
    .map(({ fields, text }) => `(\n${text}${fields.map(([name]) => `printf '%s\\0' "$${name}"`).join('\n')}\n)`)
    .join('\n');
  const printed = execFileSync('sh', ['-eu'], { input: script, encoding: 'utf8' }).split('\0');
  expect(printed.slice(0, -1)).toEqual(written.flatMap(({ fields }) => fields.map(([, text]) => text)));
});

test('only values that readers understand differently are refused', () =>
  holdsFor(files, ({ fields, file }) => {
    const isRefused = fields.some(([, text]) => /[\0\r]/.test(text) || (text.includes("'") && /["$`\\]/.test(text)));
    expect(file.kind).toBe(isRefused ? 'problem' : 'text');
  }));

test.each([
  ['api-key', 'x', 'field "api-key" is no name of a variable (letters, digits and _)'],
  ['1ST', 'x', 'field "1ST" is no name of a variable (letters, digits and _)'],
  ['A', 'one\r\ntwo', 'field "A" has a carriage return or a zero byte'],
  [
    'A',
    `it's $5`,
    'field "A" has a single quote and also one of " $ ` \\, which dotenv\'s readers understand differently',
  ],
])('%s = %j is refused', (name, text, why) => {
  expect(dotenvText([[name, text]])).toEqual({ kind: 'problem', why });
});
