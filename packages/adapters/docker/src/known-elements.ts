import { setImmediate } from 'node:timers/promises';
import { listElements } from './json-stream.ts';

/** How an element of the engine's lists starts, and how it ends if another one follows. */
const FIRST = Buffer.from('[{"ID":"');
const NEXT = Buffer.from('},{"ID":"');
const HEAD = /^\{"ID":"([^"\\]+)","Version":\{"Index":(\d+)\}/;
/** The longest start of an element: an id and a number. */
const MAX_HEAD_BYTES = 200;
/** A longer object is read by the parser that works byte by byte. */
const MAX_ELEMENT_BYTES = 4 * 1024 * 1024;
/** Yields to the event loop after this time. */
const MAX_SLICE_MS = 2;

interface Known<T> {
  readonly version: string;
  readonly bytes: number;
  readonly record: T;
}

/**
 * Reads a list of the engine's objects repeatedly and parses only the objects that changed, by the version that the
 * engine gives each change. It keeps only the record of an object: a thousand services with 3,000 tasks have 20 MB.
 *
 * An object ends where the next one seems to start. That can be wrong if objects are nested. A new object therefore
 * counts only if it can be parsed, and a known one only if its length is unchanged. Otherwise the list is read byte by
 * byte.
 */
export class KnownElements<T> {
  readonly #toRecord: (element: unknown) => T;
  #known: ReadonlyMap<string, Known<T>> = new Map();

  /** @param toRecord makes the record to keep of an object. It must not refer to the object itself. */
  constructor(toRecord: (element: unknown) => T) {
    this.#toRecord = toRecord;
  }

  /**
   * Returns the records of a whole list, in its order. An unchanged object gives the identical record.
   * @throws {SyntaxError} if it is not a list of objects, or is incomplete.
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

  /** Reads the rest of a list byte by byte and forgets all records. */
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
