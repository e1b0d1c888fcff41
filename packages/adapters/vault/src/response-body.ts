import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';

/**
 * Reads a body whole, hands its bytes to `use`, and fills all the buffers that they came in with zeros, also if reading fails.
 * The bytes are good during the call of `use` only.
 *
 * Rejects as the stream fails, or with what `use` throws.
 */
export async function withBytes<T>(body: Readable, use: (bytes: Uint8Array) => T): Promise<T> {
  const buffers: Uint8Array[] = [];
  try {
    // Flowing, a stream gives the buffers themselves. Asked to read, it would join them, and nobody could wipe the parts.
    body.on('data', (part: Uint8Array) => buffers.push(part));
    await finished(body, { writable: false });
    const [first] = buffers;
    if (first !== undefined && buffers.length === 1) return use(first);
    const whole = Buffer.concat(buffers);
    buffers.push(whole);
    return use(whole);
  } finally {
    for (const buffer of buffers) buffer.fill(0);
  }
}
