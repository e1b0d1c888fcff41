import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { Credential } from './credential.ts';
import { UnusableFile } from './read-file.ts';
import { ONE_LINE, VISIBLE_ASCII } from './text-form.ts';

/** A credential from a file that the test can change. */
function changing(first: string) {
  let read = () => first;
  const credential = new Credential('TOKEN_FILE', () => read(), VISIBLE_ASCII);
  return {
    credential,
    becomes: (text: string) => {
      read = () => text;
    },
    fails: (error: Error) => {
      read = () => {
        throw error;
      };
    },
  };
}

test('a file that changes is followed', () => {
  const { credential, becomes } = changing('first');
  expect([credential.read(), credential.check()]).toEqual(['first', null]);
  becomes('second');
  expect([credential.read(), credential.check()]).toEqual(['second', null]);
});

test('the last usable text stays while the file has none, and the reason does not show the text', () => {
  const { credential, becomes, fails } = changing('first');
  credential.read();
  const now = () => [credential.read(), credential.check()];
  becomes('canary\n');
  expect(now()).toEqual(['first', 'must be of visible ASCII characters, without spaces or line breaks']);
  becomes('');
  expect(now()).toEqual(['first', 'is empty']);
  fails(new UnusableFile('is a named pipe, not a regular file'));
  expect(now()).toEqual(['first', 'is a named pipe, not a regular file']);
  fails(Object.assign(new Error('no such file'), { code: 'ENOENT' }));
  expect(now()).toEqual(['first', 'does not exist']);
  becomes('second');
  expect(now()).toEqual(['second', null]);
});

test('without a usable text before, the failure to read is passed on', () => {
  const { credential, fails } = changing('first');
  fails(new UnusableFile('is a directory, not a regular file'));
  expect(() => credential.read()).toThrow(UnusableFile);
  expect(credential.check()).toBe('is a directory, not a regular file');
});

test('it is redacted wherever it is printed', () => {
  const { credential } = changing('canary');
  credential.read();
  expect(
    `${String(credential)} ${JSON.stringify({ credential })} ${inspect(credential, { showHidden: true })}`,
  ).not.toContain('canary');
});

test.each([
  ['', false, true],
  ['abc-_.~/+=', true, true],
  ['a b', false, true],
  ['größe', false, true],
  ['a\nb', false, false],
  ['a\r', false, false],
  ['a\u0000', false, false],
  ['a\u0085', false, false],
  ['a\u2028', false, false],
  ['\ufeffa', false, false],
  ['a\ufffd', false, false],
  ['a\ud83d', false, false],
])('%j is visible ASCII: %s, one line: %s', (text, isVisible, isLine) => {
  expect([VISIBLE_ASCII.accepts(text), ONE_LINE.accepts(text)]).toEqual([isVisible, isLine]);
});
