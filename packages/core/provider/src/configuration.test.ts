import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { Environment } from './configuration.ts';

const noFiles = () => {
  throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
};
const environment = (variables: Record<string, string>, readFile: (path: string) => string = noFiles) =>
  new Environment(variables, readFile);

test('reports every problem, each with the variable, what was given and what is allowed', () => {
  const env = environment({ A: 'yes', B: '5 minutes', C: '70000', D: 'loud', E_FILE: '/nowhere' });
  env.boolean('A', true);
  env.durationMs('B', 1_000, { minMs: 500 });
  env.integer('C', 8080, { min: 1, max: 65_535 });
  env.oneOf('D', ['info', 'debug'], 'info');
  env.credential('E');
  expect(env.problems.map(({ variable, message }) => `${variable} ${message}`)).toEqual([
    'A "yes" must be one of true, false',
    'B "5 minutes" must be a duration such as 500ms, 10s or 1m30s, at least 500ms',
    'C "70000" must be a whole number from 1 to 65535',
    'D "loud" must be one of info, debug',
    'E_FILE "/nowhere" names a file that does not exist',
  ]);
});

test('keeps warnings apart from problems, each once', () => {
  const env = environment({ A: 'x' });
  env.warn('setting-ignored', 'A', 'has no effect');
  env.warn('setting-ignored', 'A', 'has no effect');
  env.warn('short-token', 'A', 'is short');
  expect(env.problems).toEqual([]);
  expect(env.warnings).toEqual([
    { code: 'setting-ignored', variable: 'A', message: 'has no effect' },
    { code: 'short-token', variable: 'A', message: 'is short' },
  ]);
});

test('a file is read at once, and one that is not there is a problem', () => {
  const env = environment({ A: '/there' }, () => 'text\n');
  expect([env.fileText('A'), env.fileText('B'), env.problems]).toEqual(['text\n', undefined, []]);
  const other = environment({ A: '/nowhere' });
  expect(other.fileText('A')).toBeUndefined();
  expect(other.problems).toEqual([{ variable: 'A', message: '"/nowhere" names a file that does not exist' }]);
});

test('an empty variable counts as not given', () => {
  const env = environment({ A: '', TOKEN: '', TOKEN_FILE: '' });
  expect([env.boolean('A', true), env.credential('TOKEN'), env.problems]).toEqual([true, undefined, []]);
});

test.each([
  ['500ms', 500],
  ['10s', 10_000],
  ['1m30s', 90_000],
  ['1.5h', 5_400_000],
  ['0', 0],
  ['0s', 0],
])('reads the duration %s', (text, expected) => {
  expect(environment({ A: text }).durationMs('A', 1, { minMs: 0 })).toBe(expected);
});

test.each(['10', '-1s', '1d', '1s ', '', 's', '1e3s'])('does not take %j for a duration', (text) => {
  const env = environment({ A: text });
  env.durationMs('A', 1, { minMs: 0 });
  expect(env.problems.length).toBe(text === '' ? 0 : 1);
});

test('a credential is read from its file again each time, less one newline at its end', () => {
  const file = { text: 'one\n\n' };
  const credential = environment({ TOKEN_FILE: '/run/token' }, () => file.text).credential('TOKEN');
  expect(credential?.read()).toBe('one\n');
  file.text = 'two\n';
  expect(credential?.read()).toBe('two');
});

test.each(['0b1f-canary', 'canary/with+slashes=', 'C:\\canary'])(
  'a credential that is given in place of the path of its file is not shown: %s',
  (given) => {
    const missing = () => {
      throw Object.assign(new Error(`ENOENT: no such file, open '${given}'`), { code: 'ENOENT', path: given });
    };
    const env = environment({ TOKEN_FILE: given }, missing);
    expect(env.credential('TOKEN')).toBeUndefined();
    expect(env.problems).toEqual([
      { variable: 'TOKEN_FILE', message: expect.stringContaining('must be the path of a file') },
    ]);
    expect(JSON.stringify(env.problems)).not.toContain('canary');
  },
);

test('a credential given in both ways is a problem that shows neither', () => {
  const env = environment({ TOKEN: 'canary', TOKEN_FILE: '/run/token' }, () => 'canary');
  expect(env.credential('TOKEN')).toBeUndefined();
  expect(JSON.stringify(env.problems)).toContain('TOKEN_FILE');
  expect(JSON.stringify(env.problems)).not.toContain('canary');
});

test('a credential is redacted wherever it is printed', () => {
  const credential = environment({ TOKEN: 'canary' }).credential('TOKEN');
  expect(`${String(credential)} ${JSON.stringify({ credential })} ${inspect(credential)}`).not.toContain('canary');
  expect(credential?.read()).toBe('canary');
});

test.each([
  ['vault.example:8200', 'vault.example:8200'],
  ['ftp://vault', 'ftp://vault'],
  ['https://user:canary@vault:8200', 'https://…@vault:8200'],
  ['user:canary@vault', '…@vault'],
  ['https://user:can@ary@vault', 'https://…@vault'],
  ['vault?token=canary', 'vault'],
])('shows the wrong address %s without the user, password and query in it', (given, shown) => {
  const env = environment({ URL: given });
  env.url('URL', 'http://localhost');
  expect(env.problems.map(({ message }) => message)).toEqual([
    `"${shown}" must be an address such as https://vault.example:8200, without a user or password in it`,
  ]);
});

test('tells which of the given names nobody asked for', () => {
  const env = environment({ A: 'true', TOKEN_FILE: '', TYPO: 'x' });
  env.boolean('A', false);
  env.credential('TOKEN');
  expect(env.unread).toEqual(['TYPO']);
});

test('can insist that credentials are in files of their own', () => {
  const env = new Environment({ TOKEN: 'canary', OTHER_FILE: '/other' }, () => 'text', {
    credentialsOnlyInFiles: true,
  });
  expect([env.credential('TOKEN'), env.credential('OTHER')?.read()]).toEqual([undefined, 'text']);
  expect(env.problems).toEqual([{ variable: 'TOKEN', message: expect.stringContaining('TOKEN_FILE') }]);
  expect(JSON.stringify(env.problems)).not.toContain('canary');
});

test('nested settings are read by their paths, and what is below one is listed', () => {
  const env = environment({ 'headers.Accept': 'text/plain', 'headers.Token.file': '/t', url: 'x', 'version.0': '/v' });
  expect(env.namesBelow('headers')).toEqual(['Accept', 'Token']);
  expect(env.namesBelow('version')).toEqual(['0']);
  expect(env.namesBelow('url')).toEqual([]);
  expect(env.optional('headers.Accept')).toBe('text/plain');
  expect(env.unread).toEqual(['headers.Token.file', 'url', 'version.0']);
});

test('a credential of a nested setting is in the file that the setting names', () => {
  const env = environment({ 'headers.Token.file': '/t' }, () => 'secret\n');
  const credential = env.credentialFile('headers.Token.file');
  expect(credential?.read()).toBe('secret');
  expect(env.ownFiles).toEqual([{ variable: 'headers.Token.file', path: '/t', kind: 'credential' }]);
  expect(env.credentials).toHaveLength(1);
});
