/** More bytes came than the receiver reads. */
export class TooManyBytes extends Error {
  override readonly name = 'TooManyBytes';

  /** @param maxBytes how many may come. */
  constructor(maxBytes: number) {
    super(`it is larger than ${maxBytes} bytes, the most that is read of it`);
  }
}

/**
 * The same chunks, of which at most `maxBytes` bytes are passed on: nothing that comes from outside fills the memory. The
 * chunk that passes the limit is not passed on, and the source is ended.
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
