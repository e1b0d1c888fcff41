import { TooManyBytes } from '@vault-swarm/kernel';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING_BRACKET = 0x5b;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;
const NEWLINE = 0x0a;
/** The longest line: many times the length of an event. */
const MAX_LINE_BYTES = 1024 * 1024;

/**
 * Parses the objects of a JSON list one by one as they arrive. The engine's list of 10,000 tasks has about 20 MB:
 * parsing it at once would block the event loop and need memory for its text and all objects.
 *
 * @throws {SyntaxError} if it is not a list of objects, or is incomplete.
 */
export async function* listElements(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  let pending: Uint8Array[] = [];
  let depth = 0;
  let inText = false;
  let escaped = false;
  let state: 'before' | 'inside' | 'after' = 'before';
  for await (const chunk of chunks) {
    let start = 0;
    for (let index = 0; index < chunk.length; index++) {
      const byte = chunk[index];
      if (inText) {
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) inText = false;
      } else if (byte === QUOTE) inText = true;
      else if (byte === OPENING_BRACE) {
        if (depth === 0) start = index;
        depth++;
      } else if (byte === CLOSING_BRACE) {
        depth--;
        if (depth === 0) {
          yield JSON.parse(Buffer.concat([...pending, chunk.subarray(start, index + 1)]).toString());
          pending = [];
        }
      } else if (depth === 0 && state === 'before' && byte === OPENING_BRACKET) state = 'inside';
      else if (depth === 0 && byte === 0x5d) state = 'after';
      if (state === 'before' && depth > 0) throw new SyntaxError('a JSON list was expected');
    }
    if (depth > 0) pending.push(chunk.subarray(start));
  }
  if (state !== 'after') throw new SyntaxError('a JSON list was expected, but it did not end');
}

/**
 * Parses a stream with one JSON text per line. Incomplete lines are buffered.
 *
 * @throws {TooManyBytes} if a line has more than 1 MiB.
 */
export async function* jsonLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const line = Buffer.concat([...pending, chunk.subarray(start, end)])
        .toString()
        .trim();
      pending = [];
      pendingBytes = 0;
      start = end + 1;
      if (line !== '') yield JSON.parse(line);
    }
    if (start === chunk.length) continue;
    pendingBytes += chunk.length - start;
    if (pendingBytes > MAX_LINE_BYTES) throw new TooManyBytes(MAX_LINE_BYTES);
    pending.push(chunk.subarray(start));
  }
}

/** Reads a whole stream as text. */
export async function wholeText(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all).toString();
}
