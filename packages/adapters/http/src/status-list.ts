import { etagOf } from './etag.ts';
import { fitting } from './page-size.ts';

/** The requested part of a list. */
export interface ListQuery {
  /** A part of the name or another text of an entry, in any case. */
  readonly search?: string | undefined;
  readonly state: string;
  readonly limit?: number | undefined;
  /** Only entries whose name comes after this one. */
  readonly after?: string | undefined;
}

/** The requested part: each entry is JSON already. */
export interface ListPage {
  /** How many match, on all pages. */
  readonly total: number;
  readonly entries: readonly string[];
  /** The name of the last entry if more follow. */
  readonly next: string | null;
}

/** How a list reads its entries. */
export interface EntryKind<T> {
  /** Its place in the list. No two entries have the same name. */
  name(entry: T): string;
  /** The texts that are searched. */
  texts(entry: T): readonly (string | null | undefined)[];
  /** Whether it has this state, which is not `all`. */
  isIn(entry: T, state: string): boolean;
}

/** A list of entries at one moment, sorted by name, with an ETag. Each entry is converted to JSON only once. */
export class StatusList<T> {
  readonly entries: readonly T[];
  /** Of the entries, without the time at which they were read. */
  readonly etag: string;
  readonly #kind: EntryKind<T>;
  readonly #json: readonly string[];
  #searched: readonly string[] | null = null;

  constructor(entries: readonly T[], kind: EntryKind<T>, head: string) {
    this.entries = entries.toSorted((a, b) => compare(kind.name(a), kind.name(b)));
    this.#kind = kind;
    this.#json = this.entries.map((entry) => JSON.stringify(entry));
    this.etag = `W/${etagOf([head, ...this.#json])}`;
  }

  /** Finds the requested part. A page has no more than fits into one response, whatever its limit. */
  page({ search = '', state, limit, after }: ListQuery): ListPage {
    const found: number[] = [];
    const wanted = search.toLowerCase();
    for (const [index, entry] of this.entries.entries()) {
      if (state !== 'all' && !this.#kind.isIn(entry, state)) continue;
      if (wanted === '' || this.#texts[index]?.includes(wanted) === true) found.push(index);
    }
    const from = after === undefined ? 0 : found.findIndex((index) => compare(this.#nameAt(index), after) > 0);
    const rest = from === -1 ? [] : found.slice(from);
    const entries = fitting(rest.slice(0, limit).map((index) => this.#json[index] ?? ''));
    const last = rest[entries.length - 1];
    return {
      total: found.length,
      entries,
      next: entries.length < rest.length && last !== undefined ? this.#nameAt(last) : null,
    };
  }

  get #texts(): readonly string[] {
    this.#searched ??= this.entries.map((entry) => this.#kind.texts(entry).join('\n').toLowerCase());
    return this.#searched;
  }

  #nameAt(index: number): string {
    const entry = this.entries[index];
    return entry === undefined ? '' : this.#kind.name(entry);
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
