import { BoundedMap, type Clock } from '@vault-swarm/kernel';
import {
  hasSeveralFields,
  type Payload,
  ProviderError,
  payloadOfBytes,
  ReadCoalescer,
  type ReadOptions,
  type RevisionReader,
  type SecretProvider,
  type SecretRef,
  type SecretRevision,
  selectValue,
} from '@vault-swarm/provider';
import type { SecretManagerClient } from './client.ts';
import { locationKey, locationOf, type SecretLocation } from './location.ts';
import type { PollQuota } from './quota.ts';
import type { ReportedVersions } from './reported-versions.ts';
import { formatRevision, parseRevision } from './revision.ts';
import type { VersionTimes } from './version-times.ts';

/** One version that Google returned. */
interface FoundVersion {
  readonly payload: Payload;
  readonly number: string;
  /** A keyed digest of the version's name and value. */
  readonly digest: string;
  readonly createdAt: string | undefined;
}

/** The dependencies of {@link GcpSecrets}. */
export interface GcpSecretsOptions {
  readonly client: SecretManagerClient;
  readonly clock: Clock;
  readonly reported: ReportedVersions;
  readonly times: VersionTimes;
  readonly quota: PollQuota;
  readonly digest: (bytes: Uint8Array) => string;
}

/** How long the creation time of a secret's version is not requested after Google refused that. */
const REFUSED_FOR_MS = 60_000;
const MAX_SECRETS = 10_000;

/** Reads secrets: see {@link formatRevision} for their revisions. Concurrent reads of one version share one request. */
export class GcpSecrets implements SecretProvider, RevisionReader {
  readonly #options: GcpSecretsOptions;
  readonly #reads: ReadCoalescer<FoundVersion>;
  /** By secret. */
  readonly #timesRefusedUntilMs = new BoundedMap<number>({ maxEntries: MAX_SECRETS });

  constructor(options: GcpSecretsOptions) {
    this.#options = options;
    this.#reads = new ReadCoalescer(options.clock, ({ payload }) => hasSeveralFields(payload));
  }

  async read(ref: SecretRef, options: ReadOptions): Promise<SecretRevision> {
    const { found, readAtMs } = await this.#read(locationOf(ref), options);
    return revisionOf(found, formatRevision(found), ref, readAtMs);
  }

  async readRevision(ref: SecretRef, revision: string, options: ReadOptions): Promise<SecretRevision> {
    const location = locationOf(ref);
    const missing = () => new ProviderError('NOT_FOUND', `${location.displayName}: there is no such version any more`);
    const asked = parseRevision(revision);
    if (asked === undefined) throw missing();
    const { found, readAtMs } = await this.#read({ ...location, version: asked.number }, options);
    if (asked.createdAt === undefined) {
      if (asked.digest !== found.digest) throw missing();
    } else if (found.createdAt === undefined) {
      // The number alone could belong to a secret that was created again.
      throw new ProviderError('UNAVAILABLE', `${location.displayName}: the time of its version can't be read now`);
    } else if (asked.createdAt !== found.createdAt) throw missing();
    return revisionOf(found, revision, ref, readAtMs);
  }

  /** Aborts requests in flight. */
  close(): void {
    this.#reads.close();
  }

  #read(location: SecretLocation, options: ReadOptions) {
    return this.#reads.read({ key: locationKey(location), displayName: location.displayName }, options, (signal) =>
      this.#find(location, signal),
    );
  }

  async #find(location: SecretLocation, signal: AbortSignal): Promise<FoundVersion> {
    const { client, clock, reported, digest } = this.#options;
    const startedAtMs = clock.monotonic();
    const { name, number, bytes } = await client.access(location, signal);
    reported.read(location, number, startedAtMs);
    const named = new TextEncoder().encode(`${name}\n`);
    const digested = new Uint8Array(named.length + bytes.length);
    digested.set(named);
    digested.set(bytes, named.length);
    const found = { payload: payloadOfBytes(bytes), number, digest: digest(digested) };
    digested.fill(0);
    return { ...found, createdAt: await this.#createdAt(location, found, signal) };
  }

  /** The creation time of a version; `undefined` if Google does not tell it now. */
  async #createdAt(
    location: SecretLocation,
    { number, digest }: Pick<FoundVersion, 'number' | 'digest'>,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { client, clock, times, quota } = this.#options;
    const { secret } = location;
    const known = times.timeOf(secret, number, digest);
    const refusedUntilMs = this.#timesRefusedUntilMs.get(secret) ?? Number.NEGATIVE_INFINITY;
    if (known !== undefined || clock.monotonic() < refusedUntilMs) return known;
    quota.count();
    try {
      const { createdAt } = await client.version({ ...location, version: number }, signal);
      times.reported(secret, number, createdAt);
      return times.timeOf(secret, number, digest) ?? createdAt;
    } catch (error) {
      if (!signal.aborted && error instanceof ProviderError && error.code !== 'UNAVAILABLE') {
        this.#timesRefusedUntilMs.set(secret, clock.monotonic() + REFUSED_FOR_MS);
      }
      return undefined;
    }
  }
}

function revisionOf(
  { payload, createdAt }: FoundVersion,
  revision: string,
  ref: SecretRef,
  readAtMs: number,
): SecretRevision {
  // As in swarm-external-secrets, the field "value" of a text is the text itself.
  const { field, ...whole } = ref;
  const value = selectValue(payload, payload.kind === 'bytes' && field === 'value' ? whole : ref, revision);
  return { value, revision, readAtMs, ...(createdAt === undefined ? {} : { createdAtMs: Date.parse(createdAt) }) };
}
