import { setImmediate } from 'node:timers/promises';
import { listElements } from './json-stream.ts';

/** What an element of the engine's lists starts with, and how it ends where another one follows. */
const FIRST = Buffer.from('[{"ID":"');
const NEXT = Buffer.from('},{"ID":"');
const HEAD = /^\{"ID":"([^"\\]+)","Version":\{"Index":(\d+)\}/;
/** The longest head: an id and a number. */
const MAX_HEAD_BYTES = 200;
/** An object that is so long is left to the parser that goes on byte by byte. */
const MAX_ELEMENT_BYTES = 4 * 1024 * 1024;
/** The event loop goes on after so long. */
const MAX_SLICE_MS = 5;

interface Known<T> {
  readonly version: string;
  readonly bytes: number;
  readonly record: T;
}

/**
 * Reads a list of the engine's objects again and again, and parses only those that changed. The engine gives each change of an
 * object another version. What is kept of an object is its record alone: a thousand services with 3,000 tasks have 20 MB.
 *
 * An object ends where the next one seems to start. That may be wrong where objects are nested. So a new object counts only if it
 * can be parsed, and a known one only if it has the length that it had then; else the list is read byte by byte.
 */
export class KnownElements<T> {
  readonly #toRecord: (element: unknown) => T;
  #known: ReadonlyMap<string, Known<T>> = new Map();

  /** @param toRecord what is kept of an object. It must not refer to the object itself. */
  constructor(toRecord: (element: unknown) => T) {
    this.#toRecord = toRecord;
  }

  /**
   * The records of a whole list, in its order. That of an object that did not change is the very same as before.
   * @throws {SyntaxError} where it is no list of objects, or ends too early.
   */
  async read(chunks: AsyncIterable<Uint8Array>): Promise<readonly T[]> {
    const found = new Map<string, Known<T>>();
    const records: T[] = [];
    const source = chunks[Symbol.asyncIterator]();
    let rest: Buffer = Buffer.alloc(0);
    let isBegun = false;
    let sliceSinceMs = performance.now();
    for (;;) {
      const { value, done } = await source.next();
      const searchFrom = Math.max(0, rest.length - NEXT.length);
      if (done !== true)
        rest =
          rest.length === 0 ? Buffer.from(value.buffer, value.byteOffset, value.length) : Buffer.concat([rest, value]);
      if (!isBegun && (done === true || rest.length >= FIRST.length)) {
        if (!rest.subarray(0, FIRST.length).equals(FIRST))
          return this.#readSlowly(records, rest, source, done === true);
        isBegun = true;
        rest = rest.subarray(1);
      }
      if (isBegun) {
        let start = 0;
        for (let from = searchFrom; ; ) {
          const end = rest.indexOf(NEXT, Math.max(from, start));
          if (end < 0) break;
          const record = this.#recordOf(rest.subarray(start, end + 1), found);
          if (record === undefined) return this.#readSlowly(records, rest.subarray(start), source, done === true);
          records.push(record.record);
          start = end + 2;
          from = start;
          if (performance.now() - sliceSinceMs > MAX_SLICE_MS) {
            await setImmediate();
            sliceSinceMs = performance.now();
          }
        }
        rest = rest.subarray(start);
        if (done === true) {
          const last = /\}\]\s*$/.exec(rest.subarray(-20).toString('latin1'));
          const length = rest.length - (last?.[0].length ?? 0) + 1;
          const record = last === null ? undefined : this.#recordOf(rest.subarray(0, length), found);
          if (record === undefined) return this.#readSlowly(records, rest, source, true);
          records.push(record.record);
          this.#known = found;
          return records;
        }
        if (rest.length > MAX_ELEMENT_BYTES) return this.#readSlowly(records, rest, source, false);
      }
    }
  }

  #recordOf(element: Buffer, found: Map<string, Known<T>>): Known<T> | undefined {
    const [, id = '', version = ''] = HEAD.exec(element.toString('latin1', 0, MAX_HEAD_BYTES)) ?? [];
    const before = this.#known.get(id);
    if (before !== undefined && before.version === version && before.bytes === element.length) {
      found.set(id, before);
      return before;
    }
    try {
      const known = { version, bytes: element.length, record: this.#toRecord(JSON.parse(element.toString())) };
      if (id !== '') found.set(id, known);
      return known;
    } catch (error) {
      if (error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  /** Reads what is left of a list, byte by byte; what was known of it is forgotten. */
  async #readSlowly(
    records: T[],
    rest: Uint8Array,
    source: AsyncIterator<Uint8Array>,
    isWhole: boolean,
  ): Promise<readonly T[]> {
    this.#known = new Map();
    const isBegun = records.length > 0 || rest[0] !== FIRST[0];
    const left = async function* (): AsyncGenerator<Uint8Array> {
      if (isBegun) yield FIRST.subarray(0, 1);
      yield rest;
      while (!isWhole) {
        const { value, done } = await source.next();
        if (done === true) return;
        yield value;
      }
    };
    for await (const element of listElements(left())) records.push(this.#toRecord(element));
    return records;
  }
}
