import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';

/**
 * Reads a whole body, passes its bytes to `use`, and then overwrites all buffers with zeros, also if reading fails.
 * The bytes are valid only during the call of `use`.
 *
 * Rejects as the stream fails, or with what `use` throws.
 */
export async function withBytes<T>(body: Readable, use: (bytes: Uint8Array) => T): Promise<T> {
  const buffers: Uint8Array[] = [];
  try {
    // A flowing stream emits the original buffers. `read` would join them, and the parts could not be wiped.
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
