import { expect, test } from 'vitest';
import { crc32c } from './crc32c.ts';

// The examples of RFC 3720, B.4, and the usual check value.
test.for<[string, Uint8Array, number]>([
  ['nothing', new Uint8Array(), 0],
  ['32 zeros', new Uint8Array(32), 0x8a9136aa],
  ['32 bytes of ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ['the digits', Buffer.from('123456789'), 0xe3069283],
])('the checksum of %s', ([_, bytes, expected]) => {
  expect(crc32c(bytes)).toBe(expected);
});
