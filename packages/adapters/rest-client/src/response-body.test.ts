import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { withBytes } from './response-body.ts';

/** A body of these parts, the first of which came before anybody read. */
function bodyOf(...parts: readonly Buffer[]): PassThrough {
  const body = new PassThrough();
  for (const part of parts) body.write(part);
  return body;
}

const isWiped = (bytes: Uint8Array) => bytes.every((byte) => byte === 0);

test('the bytes of a body are whole while they are used, and zeros afterwards, as are the buffers that they came in', async () => {
  for (const parts of [[], ['one'], ['one', 'two', 'three']]) {
    const buffers = parts.map((part) => Buffer.from(part));
    const body = bodyOf(...buffers);
    body.end();
    const seen: Uint8Array[] = [];
    const text = await withBytes(body, (bytes) => {
      seen.push(bytes);
      return Buffer.from(bytes).toString();
    });
    expect(text).toBe(parts.join(''));
    expect([...seen, ...buffers].every(isWiped)).toBe(true);
  }
});

test('a body that breaks off, or that nobody understands, is wiped too', async () => {
  const buffer = Buffer.from('half of a value');
  const body = bodyOf(buffer);
  const reading = withBytes(body, () => 'read');
  setImmediate(() => body.destroy(new Error('cut')));
  await expect(reading).rejects.toThrow('cut');
  expect(isWiped(buffer)).toBe(true);

  const other = Buffer.from('{');
  const whole = bodyOf(other);
  whole.end();
  await expect(
    withBytes(whole, () => {
      throw new Error('no JSON');
    }),
  ).rejects.toThrow('no JSON');
  expect(isWiped(other)).toBe(true);
});
