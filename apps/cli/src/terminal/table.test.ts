import { expect, test } from 'vitest';
import { table } from './table.ts';
import { columnsOf } from './wrap.ts';

const headings = ['NAME', 'PROVIDER', 'SERVICES'];

test('columns are below their headings', () => {
  expect(
    table(
      headings,
      [
        ['db', 'vault', 'web'],
        ['api_key', 'file', ''],
      ],
      80,
    ),
  ).toEqual(['NAME     PROVIDER  SERVICES', 'db       vault     web', 'api_key  file']);
});

test('a cell that does not fit goes on in the next line, in its own column', () => {
  expect(table(headings, [['db', 'vault', 'web, worker, mail']], 28)).toEqual([
    'NAME  PROVIDER  SERVICES',
    'db    vault     web, worker,',
    '                mail',
  ]);
});

test('if columns would be too narrow each row becomes a block', () => {
  expect(
    table(
      headings,
      [
        ['database_password', 'vault_of_others', 'web_frontend'],
        ['x', 'file', ''],
      ],
      30,
    ),
  ).toEqual([
    'NAME      database_password',
    'PROVIDER  vault_of_others',
    'SERVICES  web_frontend',
    '',
    'NAME      x',
    'PROVIDER  file',
  ]);
});

test('a name is never broken, and a long word in another column is cut', () => {
  const rows = [['database_password', 'a_long_word_without_space', 'web, worker']];
  expect(table(headings, rows, 50)).toEqual([
    'NAME               PROVIDER            SERVICES',
    'database_password  a_long_word_witho…  web, worker',
  ]);
});

test.each([80, 60, 40, 30])('nothing is wider than %i columns', (width) => {
  const rows = [
    ['a'.repeat(64), '日本語'.repeat(20), Array.from({ length: 30 }, (_, index) => `service_${index}`).join(', ')],
    ['b', 'vault', 'one'],
  ];
  for (const line of table(headings, rows, width)) expect(columnsOf(line)).toBeLessThanOrEqual(width);
});
