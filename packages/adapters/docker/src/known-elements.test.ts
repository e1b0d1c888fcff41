import { describe, expect, test } from 'vitest';
import { KnownElements } from './known-elements.ts';

interface Element {
  readonly ID?: string;
  readonly Version?: { readonly Index: number };
  readonly [more: string]: unknown;
}

const element = (id: string, version: number, more: object = {}): Element => ({
  ID: id,
  Version: { Index: version },
  ...more,
});

/** A text as a stream of pieces of so many bytes. */
async function* pieces(text: string, bytes = 64): AsyncGenerator<Uint8Array> {
  const whole = Buffer.from(text);
  for (let from = 0; from < whole.length; from += bytes) yield whole.subarray(from, from + bytes);
}

/** A reader, and the ids that it has parsed since it was asked last. */
function counting() {
  const parsed: string[] = [];
  const elements = new KnownElements((value) => {
    parsed.push((value as Element).ID ?? '');
    return { value: value as Element };
  });
  return {
    read: (list: readonly Element[], text = JSON.stringify(list)) => elements.read(pieces(text)),
    elements,
    takeParsed: () => parsed.splice(0),
  };
}

describe('a list that is read again', () => {
  test('has the very same records if nothing changed, and parses nothing', async () => {
    const { read, takeParsed } = counting();
    const list = [element('a', 1), element('b', 1, { text: 'ä "} {' }), element('c', 2)];
    const before = await read(list);
    expect(before.map(({ value }) => value)).toEqual(list);
    expect(takeParsed()).toEqual(['a', 'b', 'c']);
    expect((await read(list)).every((record, index) => record === before[index])).toBe(true);
    expect(takeParsed()).toEqual([]);
  });

  test('parses what has another version or length, what is new, and what was away in between', async () => {
    const { read, takeParsed } = counting();
    await read([element('a', 1), element('b', 1), element('c', 1)]);
    takeParsed();
    const next = [element('a', 2), element('b', 1, { more: true }), element('d', 1)];
    expect((await read(next)).map(({ value }) => value)).toEqual(next);
    expect(takeParsed()).toEqual(['a', 'b', 'd']);
    await read([element('c', 1)]);
    expect(takeParsed()).toEqual(['c']);
  });

  test('has each complete object even if nested objects look like the start of another one', async () => {
    const { read } = counting();
    const nested = [element('x', 1), element('y', 2)];
    const list = [element('a', 1), element('b', 1, { nested }), element('c', 1, { text: '},{"ID":"' })];
    for (let times = 0; times < 3; times++) {
      expect((await read(list)).map(({ value }) => value)).toEqual(list);
    }
  });
});

const list = [element('a', 1, { nested: [{ ID: 'x' }, { ID: 'y' }] }), element('b', 12, { text: 'ä\u0000"}]' })];

test.each([
  ['as the engine writes it', `${JSON.stringify(list)}\n`],
  ['with spaces', JSON.stringify(list, undefined, 2)],
  ['in another order of fields', JSON.stringify(list.map(({ ID, ...rest }) => ({ ...rest, ID })))],
  ['with objects that have no version', JSON.stringify([{ ID: 'a' }, { ID: 'b' }])],
  ['of one object', JSON.stringify(list.slice(1))],
  ['of nothing', '[]'],
])('a list %s is read whole, in whatever pieces it comes', async (_, text) => {
  const elements = new KnownElements((value) => value);
  for (let bytes = 1; bytes <= text.length; bytes++) {
    expect(await elements.read(pieces(text, bytes))).toEqual(JSON.parse(text));
  }
});

test.each([
  '',
  '[',
  '[{"ID":"a"}',
  '[{"ID":"a"},{"ID":"b"}',
  '[{"ID":"a"},{"ID":"b"',
  '{"message":"no list"}',
  '"text"',
])('what is no whole list is refused: %s', async (text) => {
  const elements = new KnownElements((value) => value);
  for (const bytes of [1, 3, 64]) await expect(elements.read(pieces(text, bytes))).rejects.toThrow(SyntaxError);
});

test('a mistake in what makes the records is no mistake of the list', async () => {
  const elements = new KnownElements(() => {
    throw new RangeError('a mistake');
  });
  await expect(elements.read(pieces(JSON.stringify(list)))).rejects.toThrow(RangeError);
});
