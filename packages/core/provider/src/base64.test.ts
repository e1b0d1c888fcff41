import { expect, test } from 'vitest';
import { decodeBase64 } from './base64.ts';

test('decodes what Node encodes, of every length', () => {
  for (let length = 0; length < 70; length++) {
    const bytes = Uint8Array.from({ length }, (_, index) => (index * 37 + length) % 256);
    const encoded = Buffer.from(bytes).toString('base64');
    expect(decodeBase64(encoded)).toEqual(bytes);
    expect(decodeBase64(encoded.replaceAll('=', ''))).toEqual(bytes);
  }
});

test('reads over line breaks', () => {
  expect(decodeBase64('aGVs\nbG8=\n')).toEqual(new TextEncoder().encode('hello'));
});

test.each(['a', 'ab=c', '@@@@', 'aGVsbG8==', 'aGVsbG9=', 'aGVsbG\u00e9=', 'aG-_'])('refuses %j', (text) => {
  expect(decodeBase64(text)).toBeNull();
});
