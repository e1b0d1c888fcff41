import { BoundedMap } from '@vault-swarm/kernel';

/** A tenth of the secrets that a plugin can have; a path whose tag is not known is requested in full. */
const MAX_PATHS = 10_000;
/** Longer tags are not used. */
const MAX_TAG = 200;

/** The latest ETag of each path. */
export class SeenTags {
  readonly #tags = new BoundedMap<string>({ maxEntries: MAX_PATHS });

  get(path: string): string | undefined {
    return this.#tags.get(path);
  }

  set(path: string, tag: string): void {
    this.#tags.set(path, tag);
  }
}

/** The ETag in a header: visible ASCII in quotes, perhaps weak. `undefined` if it is not one. */
export function tagIn(header: string | undefined): string | undefined {
  return header !== undefined && header.length <= MAX_TAG && /^(W\/)?"[\x21\x23-\x7e]*"$/.test(header)
    ? header
    : undefined;
}
