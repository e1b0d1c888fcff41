import { expect, test } from 'vitest';
import { boundedBytes, TooManyBytes } from './bounded-bytes.ts';

/** An endless source of chunks of ten bytes, which counts the chunks that were read. */
function endless() {
  const source = { chunks: 0, ended: false };
  async function* chunks() {
    try {
      for (;;) {
        source.chunks += 1;
        yield new Uint8Array(10);
      }
    } finally {
      source.ended = true;
    }
  }
  return { source, chunks: chunks() };
}

async function lengthOf(chunks: AsyncIterable<Uint8Array>): Promise<number> {
  let length = 0;
  for await (const chunk of chunks) length += chunk.byteLength;
  return length;
}

test('passes on what is within the limit, to its last byte', async () => {
  async function* three() {
    yield new Uint8Array(10);
    yield new Uint8Array(0);
    yield new Uint8Array(5);
  }
  expect(await lengthOf(boundedBytes(three(), 15))).toBe(15);
  await expect(lengthOf(boundedBytes(three(), 14))).rejects.toThrow('it is larger than 14 bytes');
});

test('ends a source that gives more, and takes no more of it', async () => {
  const { source, chunks } = endless();
  await expect(lengthOf(boundedBytes(chunks, 35))).rejects.toThrow(TooManyBytes);
  expect(source).toEqual({ chunks: 4, ended: true });
});
