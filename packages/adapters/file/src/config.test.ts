import { quoted } from '@vault-swarm/kernel';
import { Environment, LabelReader } from '@vault-swarm/provider';
import { describe, expect, test } from 'vitest';
import { fileLabelScheme, parseFileConfig } from './config.ts';

const labels = new LabelReader([{ name: 'file', scheme: fileLabelScheme }]);

function parse(variables: Record<string, string>) {
  const environment = new Environment(variables, () => '');
  return { config: parseFileConfig(environment), problems: environment.problems };
}

describe('the configuration of the file provider', () => {
  test('has a default directory', () => {
    expect(parse({}).config).toEqual({ directory: '/run/vault-swarm/secrets' });
    expect(parse({ FILE_SECRETS_DIR: '' }).config).toEqual({ directory: '/run/vault-swarm/secrets' });
  });

  test('refuses a relative directory and says what was given', () => {
    expect(parse({ FILE_SECRETS_DIR: '/srv/secrets' }).problems).toEqual([]);
    expect(parse({ FILE_SECRETS_DIR: 'srv' }).problems).toEqual([
      { variable: 'FILE_SECRETS_DIR', message: '"srv" must be an absolute path such as /run/vault-swarm/secrets' },
    ]);
  });
});

describe('the labels of the file provider', () => {
  test('give path and field', () => {
    expect(labels.read({ file_path: 'app/db.json', file_field: 'tls.crt' }, 'db', undefined).ref).toEqual({
      provider: 'file',
      location: { path: 'app/db.json' },
      field: 'tls.crt',
      encoding: 'raw',
    });
  });

  test('give SERVICE/SECRET without a path', () => {
    expect(labels.read({}, 'db_password', 'web').ref.location).toEqual({ path: 'web/db_password' });
  });

  test('take names that start with two dots', () => {
    expect(labels.read({ file_path: '..data/..x' }, 'db', undefined).ref.location).toEqual({ path: '..data/..x' });
  });

  test.for([
    '/etc/shadow',
    '../x',
    'a/../../x',
    'a/..',
    '..',
    '.',
    './a',
    'a/./b',
    'a//b',
    'a/',
    'a\u0000b',
    'a\nb',
    '..\\x',
    'a\\b',
  ])('refuse the path %j, naming label and value', (path) => {
    const read = () => labels.read({ file_path: path }, 'db', undefined);
    expect(read).toThrow(expect.objectContaining({ code: 'INVALID_REF' }));
    expect(read).toThrow(`label "file_path" = ${quoted(path)} `);
  });

  test('refuse a default path that leaves the directory', () => {
    expect(() => labels.read({}, 'x', '..')).toThrow('without label "file_path", the default "../x"');
  });
});
