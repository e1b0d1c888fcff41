const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

const SEXTETS = new Int8Array(128).fill(-1);
for (const [sextet, character] of [...ALPHABET].entries()) SEXTETS[character.charCodeAt(0)] = sextet;

/**
 * Decodes base64 (RFC 4648, section 4). Line breaks and spaces are ignored, and padding may be missing. Other text that
 * is not canonical base64 returns `null`.
 */
export function decodeBase64(text: string): Uint8Array | null {
  const compact = text.replace(/[ \t\r\n]+/g, '');
  const digits = compact.replace(/={1,2}$/, '');
  if (digits.length % 4 === 1 || (digits.length !== compact.length && compact.length % 4 !== 0)) return null;
  const bytes = new Uint8Array(Math.floor((digits.length * 3) / 4));
  let buffer = 0;
  let bits = 0;
  let length = 0;
  for (let index = 0; index < digits.length; index++) {
    const sextet = SEXTETS[digits.charCodeAt(index)] ?? -1;
    if (sextet < 0) return null;
    buffer = ((buffer << 6) | sextet) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[length++] = (buffer >> bits) & 0xff;
    }
  }
  return (buffer & ((1 << bits) - 1)) === 0 ? bytes : null;
}
