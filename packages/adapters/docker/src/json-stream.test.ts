import { describe, expect, it } from 'vitest';
import { jsonLines, listElements } from './json-stream.ts';

async function* cut(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

async function all(values: AsyncIterable<unknown>): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const value of values) found.push(value);
  return found;
}

const objects = [{ a: '}]"\\', b: { c: [{}, '[{'] } }, {}, { 'ä{': 'ö\\"}' }];

describe('a list that arrives in pieces', () => {
  it('gives its objects, however it is cut', async () => {
    const text = JSON.stringify(objects, null, 1);
    for (let size = 1; size <= text.length + 5; size++) {
      expect(await all(listElements(cut(text, size)))).toEqual(objects);
    }
  });

  it('may be empty', async () => {
    expect(await all(listElements(cut('[]\n', 2)))).toEqual([]);
  });

  it.each(['', 'null', '{"message":"no"}', '[{"a":1}', '[{"a":1},{"b"', '[{"a"}]'])('refuses %s', async (text) => {
    await expect(all(listElements(cut(text, 3)))).rejects.toThrow(SyntaxError);
  });
});

describe('a stream of lines', () => {
  it('gives a value a line, however it is cut', async () => {
    const text = objects.map((value) => `${JSON.stringify(value)}\n`).join('\r\n');
    for (let size = 1; size <= text.length; size++) {
      expect(await all(jsonLines(cut(text, size)))).toEqual(objects);
    }
  });

  it('leaves out what was cut off at its end', async () => {
    expect(await all(jsonLines(cut('{"a":1}\n{"b"', 4)))).toEqual([{ a: 1 }]);
  });

  it('ends at a line that is larger than 1 MiB, after what came before it', async () => {
    const found: unknown[] = [];
    const reading = (async () => {
      for await (const value of jsonLines(cut(`{"a":1}\n${' '.repeat(3_000_000)}`, 65_536))) found.push(value);
    })();
    await expect(reading).rejects.toThrow('it is larger than 1048576 bytes');
    expect(found).toEqual([{ a: 1 }]);
  });
});
