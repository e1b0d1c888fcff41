import { BoundedMap } from '@vault-swarm/kernel';

/** What is known of one version's creation. */
interface Known {
  readonly createdAt: string;
  /** The digest of its value, once it was read. */
  digest: string | undefined;
}

/** A project may have more; the least recently used are learned again. */
const MAX_VERSIONS = 20_000;

/**
 * The creation times of versions. A read returns only the version's number, so the time comes from a probe, or from a
 * call of its own. A number may belong to a secret that was deleted and created again: so a time is used only for the
 * value that it was used for first.
 */
export class VersionTimes {
  readonly #known = new BoundedMap<Known>({ maxEntries: MAX_VERSIONS });

  /** Records the creation time that Google reports for a version. */
  reported(secret: string, number: string, createdAt: string): void {
    const key = `${secret} ${number}`;
    const known = this.#known.get(key);
    this.#known.set(key, known?.createdAt === createdAt ? known : { createdAt, digest: undefined });
  }

  /** The creation time of a version with this value; `undefined` if it is not known. */
  timeOf(secret: string, number: string, digest: string): string | undefined {
    const known = this.#known.get(`${secret} ${number}`);
    if (known === undefined || (known.digest !== undefined && known.digest !== digest)) return undefined;
    known.digest = digest;
    return known.createdAt;
  }
}
