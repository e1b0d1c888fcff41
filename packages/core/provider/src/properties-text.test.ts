import { fc, holdsFor } from '@vault-swarm/fuzz';
import { parse } from 'dot-properties';
import { expect, test } from 'vitest';
import { propertiesText } from './properties-text.ts';

const special = fc.constantFrom(...'\\=:#! \t\n\r\f\0"\''.split(''), 'é', '🐙', '\\u0041', '\\\n', '\u2028');
const text = fc
  .array(fc.oneof(special, fc.string({ unit: 'binary', maxLength: 5 })), { maxLength: 8 })
  .map((parts) => parts.join(''));
const fields = fc.uniqueArray(fc.tuple(text, text), { selector: ([name]) => name, maxLength: 5 });

test('a reader of the format reads back what was written', () =>
  holdsFor(fields, (written) => {
    const read = parse(propertiesText(written), false) as Readonly<Record<string, string>>;
    expect(Object.entries(read).sort()).toEqual([...written].sort());
  }));

test('the file is ASCII, with one line for each field', () =>
  holdsFor(fields, (written) => {
    expect(propertiesText(written)).toMatch(/^[\x20-\x7e\n]*$/);
    expect(propertiesText(written).split('\n')).toHaveLength(written.length + 1);
  }));

test('a password is readable in the file', () => {
  const file = propertiesText([
    ['spring.datasource.username', 'app'],
    ['spring.datasource.password', ' #p=ä\\'],
  ]);
  expect(file).toBe('spring.datasource.username=app\nspring.datasource.password=\\ #p=\\u00e4\\\\\n');
});
