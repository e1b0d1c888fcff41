import { describe, expect, test } from 'vitest';
import { type EntryKind, StatusList } from './status-list.ts';

interface Entry {
  readonly name: string;
  readonly about: string | null;
}

const kind: EntryKind<Entry> = {
  name: ({ name }) => name,
  texts: ({ name, about }) => [name, about],
  isIn: ({ about }, state) => about === state,
};
const list = (...names: string[]) =>
  new StatusList<Entry>(
    names.map((name) => ({ name, about: name.startsWith('b') ? 'problem' : null })),
    kind,
    'head',
  );
const namesOf = (entries: readonly string[]) => entries.map((entry) => JSON.parse(entry).name);

describe('a list', () => {
  test('is sorted by name, whatever the order in which Docker tells', () => {
    expect(namesOf(list('c', 'a', 'b').page({ state: 'all' }).entries)).toEqual(['a', 'b', 'c']);
    expect(list('c', 'a').etag).toBe(list('a', 'c').etag);
  });

  test('has another tag when an entry or the head is another', () => {
    const tags = [list('a'), list('b'), list('a', 'b'), list(), new StatusList<Entry>([], kind, 'other')].map(
      (l) => l.etag,
    );
    expect(new Set(tags).size).toBe(5);
    for (const tag of tags) expect(tag).toMatch(/^W\/"[\w-]{22}"$/);
  });

  test('is searched in names and other texts, whatever their case', () => {
    const page = list('apple', 'Banana', 'banana').page({ search: 'NAN', state: 'all' });
    expect([page.total, namesOf(page.entries)]).toEqual([2, ['Banana', 'banana']]);
    expect(namesOf(list('a', 'b').page({ search: 'proble', state: 'all' }).entries)).toEqual(['b']);
    expect(list('a').page({ search: 'null', state: 'all' }).total).toBe(0);
  });

  test('is narrowed to a state', () => {
    expect(namesOf(list('a', 'b', 'c').page({ state: 'problem' }).entries)).toEqual(['b']);
  });

  test('is read to its end in pages, each once, also when what the last page ended with has gone', () => {
    const first = list('a', 'b', 'c', 'd').page({ state: 'all', limit: 2 });
    expect([first.total, namesOf(first.entries), first.next]).toEqual([4, ['a', 'b'], 'b']);
    const second = list('a', 'c', 'd').page({ state: 'all', limit: 2, after: 'b' });
    expect([second.total, namesOf(second.entries), second.next]).toEqual([3, ['c', 'd'], null]);
    expect(list('a').page({ state: 'all', after: 'z' })).toEqual({ total: 1, entries: [], next: null });
  });

  test('is returned in pages of less than a megabyte, even if all of it is requested', () => {
    const about = 'ä'.repeat(1_000);
    const entries = Array.from({ length: 2_000 }, (_, index) => ({ name: `${index}`.padStart(5, '0'), about }));
    const long = new StatusList<Entry>(entries, kind, 'head');
    const names: string[] = [];
    for (let after: string | null = ''; after !== null; ) {
      const page = long.page({ state: 'all', after });
      expect(Buffer.byteLength(page.entries.join(','))).toBeLessThan(950_000);
      names.push(...namesOf(page.entries));
      after = page.next;
    }
    expect(names).toEqual(entries.map(({ name }) => name));
  });

  test('gives an entry that is longer than a page alone', () => {
    const long = new StatusList<Entry>(
      ['a', 'b'].map((name) => ({ name, about: 'x'.repeat(1_000_000) })),
      kind,
      'head',
    );
    const page = long.page({ state: 'all' });
    expect([namesOf(page.entries), page.next]).toEqual([['a'], 'a']);
  });
});
