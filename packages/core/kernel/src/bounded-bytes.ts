/** The source has more bytes than the receiver reads. */
export class TooManyBytes extends Error {
  override readonly name = 'TooManyBytes';

  /** @param maxBytes the limit. */
  constructor(maxBytes: number) {
    super(`it is larger than ${maxBytes} bytes, the most that is read of it`);
  }
}

/**
 * Passes on the same chunks, up to `maxBytes` bytes, so that input from outside can't fill the memory. The chunk that
 * exceeds the limit is not passed on, and the source is closed.
 *
 * @throws {TooManyBytes}
 */
export async function* boundedBytes(chunks: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.byteLength;
    if (length > maxBytes) throw new TooManyBytes(maxBytes);
    yield chunk;
  }
}
