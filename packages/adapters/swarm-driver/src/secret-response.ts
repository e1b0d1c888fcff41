const HEAD = Buffer.from('{"Value":"', 'latin1');
// Without DoNotReuse, a node shares one copy of a value among all its tasks, and the last response wins.
const TAIL = Buffer.from('","DoNotReuse":true}', 'latin1');
const ALPHABET = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', 'latin1');
const PADDING = '='.charCodeAt(0);

/** Two base64 digits for each 12 bits: half the steps of single digits. */
const PAIRS = new Uint16Array(4096);
for (let bits = 0; bits < PAIRS.length; bits++) {
  const pair = Buffer.from([digit(bits >> 6), digit(bits)]);
  PAIRS[bits] = pair.readUInt16BE();
}

/**
 * Encodes a response with a value. The value is encoded directly into the body and never becomes a string, because
 * strings can't be wiped. Wipe the body (`fill(0)`) after sending it.
 */
export function encodeValueResponse(value: Uint8Array): Buffer<ArrayBuffer> {
  // A separate buffer: the shared pool would put other data next to the value.
  const body = Buffer.allocUnsafeSlow(HEAD.length + Math.ceil(value.byteLength / 3) * 4 + TAIL.length);
  HEAD.copy(body);
  const end = encodeBase64(value, body, HEAD.length);
  TAIL.copy(body, end);
  return body;
}

/** Encodes a response without a value. */
export function encodeErrorResponse(message: string): Buffer {
  return Buffer.from(JSON.stringify({ Err: message, DoNotReuse: true }));
}

function encodeBase64(source: Uint8Array, target: Buffer, start: number): number {
  const whole = source.length - (source.length % 3);
  let to = start;
  for (let from = 0; from < whole; from += 3) {
    const bits = (at(source, from) << 16) | (at(source, from + 1) << 8) | at(source, from + 2);
    const first = PAIRS[bits >> 12] ?? 0;
    const second = PAIRS[bits & 0xfff] ?? 0;
    target[to] = first >> 8;
    target[to + 1] = first;
    target[to + 2] = second >> 8;
    target[to + 3] = second;
    to += 4;
  }
  if (whole === source.length) return to;
  const two = source.length - whole === 2;
  const bits = (at(source, whole) << 16) | (two ? at(source, whole + 1) << 8 : 0);
  target[to] = digit(bits >> 18);
  target[to + 1] = digit(bits >> 12);
  target[to + 2] = two ? digit(bits >> 6) : PADDING;
  target[to + 3] = PADDING;
  return to + 4;
}

function at(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}

function digit(bits: number): number {
  return at(ALPHABET, bits & 63);
}
