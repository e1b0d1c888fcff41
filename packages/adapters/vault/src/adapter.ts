import {
  type Clock,
  type LocationRead,
  LocationReads,
  ProviderError,
  type ReadOptions,
  type RevisionReader,
  type SecretProvider,
  type SecretRef,
  type SecretRevision,
  selectValue,
} from '@vault-swarm/provider';
import type { Session } from './auth/session.ts';
import {
  denied,
  earlierPlaceOf,
  type KvOutcome,
  type KvPlace,
  mayBeV2,
  notFound,
  placeOf,
  readV1,
  readV2,
  replaced,
  revisionOf,
  unproved,
  versionOnV1,
} from './kv.ts';
import type { KvVersion } from './kv-mounts.ts';
import type { Mount, Mounts } from './mounts.ts';
import { isOfV2 } from './paths.ts';

type Found = Extract<KvOutcome, { readonly kind: 'found' }>;

/** What reading needs. */
export interface VaultSecretsOptions {
  readonly session: Session;
  readonly mounts: Mounts;
  readonly clock: Clock;
  /** The keyed digest that stands for the revision where Vault has none (KV v1). */
  readonly digest: (bytes: Uint8Array) => string;
}

/**
 * Reads secrets of KV v2 and v1, and of nothing else: {@link Mounts} says what a mount is, and is asked again where an answer
 * does not fit. Reads of one path and version share one request, as {@link LocationReads} says. Earlier revisions are read
 * from KV v2 only: KV v1 has none, which is known only when it was asked.
 */
export class VaultSecrets implements SecretProvider, RevisionReader {
  readonly #session: Session;
  readonly #mounts: Mounts;
  readonly #clock: Clock;
  readonly #digest: (bytes: Uint8Array) => string;
  readonly #reads: LocationReads<Found>;

  constructor({ session, mounts, clock, digest }: VaultSecretsOptions) {
    this.#session = session;
    this.#mounts = mounts;
    this.#clock = clock;
    this.#digest = digest;
    this.#reads = new LocationReads(clock, ({ fields }) => Object.keys(fields).length > 1);
  }

  async read(ref: SecretRef, options: ReadOptions): Promise<SecretRevision> {
    return this.#answer(ref, await this.#join(placeOf(ref), options));
  }

  async readRevision(ref: SecretRef, revision: string, options: ReadOptions): Promise<SecretRevision> {
    const place = earlierPlaceOf(ref, revision);
    const read = await this.#join(place, options);
    const { version } = read.found;
    if (version === undefined || revisionOf(version) !== revision) throw replaced(place);
    return this.#answer(ref, read);
  }

  /** Cuts off what is under way. */
  close(): void {
    this.#reads.close();
  }

  #join(place: KvPlace, options: ReadOptions): Promise<LocationRead<Found>> {
    return this.#reads.read(
      JSON.stringify([place.mount, place.path, place.v1Path, place.pin ?? null, place.earlier]),
      options,
      (own) => this.#find(place, own),
      () => new ProviderError('UNAVAILABLE', `${place.shown}: the read was cut off`),
    );
  }

  #answer(ref: SecretRef, { found, readAtMs }: LocationRead<Found>): SecretRevision {
    const value = selectValue({ kind: 'fields', fields: found.fields }, ref);
    if (found.version === undefined) return { value, revision: this.#digest(value.reveal()), readAtMs };
    const createdAtMs = Date.parse(found.version.createdTime);
    return {
      value,
      revision: revisionOf(found.version),
      readAtMs,
      ...(Number.isNaN(createdAtMs) ? {} : { createdAtMs }),
    };
  }

  async #find(place: KvPlace, signal: AbortSignal): Promise<Found> {
    const startedAtMs = this.#clock.monotonic();
    const mount = await this.#mounts.find(place.mount, signal);
    if (mount.version === 'unknown') throw unproved(place, this.#mounts.setting);
    const outcome = await this.#readAs(mount, place, signal);
    if (outcome.kind === 'found') return outcome;
    // The mount may have been replaced by one of another version since it was found.
    const doubtful = outcome.kind === 'absent' && outcome.doubtful;
    const again = await this.#mounts.confirm(place.mount, signal, { startedAtMs, doubtful });
    if (again.version === mount.version || again.version === 'unknown') throw failure(outcome, place, mount.version);
    const second = await this.#readAs(again, place, signal);
    if (second.kind === 'found') return second;
    throw failure(second, place, again.version);
  }

  async #readAs({ version, isShown }: Mount, place: KvPlace, signal: AbortSignal): Promise<KvOutcome> {
    if (version === 'v2') return readV2(this.#session, place, signal);
    if (place.pin !== undefined) throw versionOnV1(place);
    if (!isShown && isOfV2(place)) throw mayBeV2(place);
    return readV1(this.#session, place, signal);
  }
}

function failure(outcome: Exclude<KvOutcome, Found>, place: KvPlace, version: KvVersion): ProviderError {
  return outcome.kind === 'refused' ? denied(place, version) : notFound(place, outcome);
}
