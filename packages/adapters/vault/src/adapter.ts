import type { Clock } from '@vault-swarm/kernel';
import {
  type LocationRead,
  type ProviderError,
  ReadCoalescer,
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
  earlierLocationOf,
  type KvLocation,
  type KvOutcome,
  locationOf,
  mayBeV2,
  notFound,
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
import { readStaticRole, versionOfRole } from './static-role.ts';

type Found = Extract<KvOutcome, { readonly kind: 'found' }>;

/** The dependencies of {@link VaultSecrets}. */
export interface VaultSecretsOptions {
  readonly session: Session;
  readonly mounts: Mounts;
  readonly clock: Clock;
  /** A keyed digest, used as the revision if Vault has none (KV v1). */
  readonly digest: (bytes: Uint8Array) => string;
}

/**
 * Reads secrets of KV v2 and v1 and static roles, and nothing else. {@link Mounts} finds the engine of a mount, again if
 * a response does not fit. Reads of one path and version share one request; see {@link ReadCoalescer}. Only KV v2 has
 * previous revisions.
 */
export class VaultSecrets implements SecretProvider, RevisionReader {
  readonly #session: Session;
  readonly #mounts: Mounts;
  readonly #clock: Clock;
  readonly #digest: (bytes: Uint8Array) => string;
  readonly #reads: ReadCoalescer<Found>;

  constructor({ session, mounts, clock, digest }: VaultSecretsOptions) {
    this.#session = session;
    this.#mounts = mounts;
    this.#clock = clock;
    this.#digest = digest;
    this.#reads = new ReadCoalescer(clock, ({ fields }) => Object.keys(fields).length > 1);
  }

  async read(ref: SecretRef, options: ReadOptions): Promise<SecretRevision> {
    return this.#answer(ref, await this.#join(locationOf(ref), options));
  }

  async readRevision(ref: SecretRef, revision: string, options: ReadOptions): Promise<SecretRevision> {
    const location = earlierLocationOf(ref, revision);
    const read = await this.#join(location, options);
    const { version } = read.found;
    if (version === undefined || revisionOf(version) !== revision) throw replaced(location);
    return this.#answer(ref, read);
  }

  /** Aborts requests in flight. */
  close(): void {
    this.#reads.close();
  }

  #join(location: KvLocation, options: ReadOptions): Promise<LocationRead<Found>> {
    const { mount, path, v1Path, pin = null, earlier, displayName } = location;
    return this.#reads.read({ key: JSON.stringify([mount, path, v1Path, pin, earlier]), displayName }, options, (own) =>
      this.#find(options.consumer === undefined ? location : { ...location, consumer: options.consumer }, own),
    );
  }

  #answer(ref: SecretRef, { found, readAtMs }: LocationRead<Found>): SecretRevision {
    const { version, rotation } = found;
    const createdTime = version?.createdTime ?? rotation?.rotatedAt ?? undefined;
    const named = version === undefined ? createdTime : revisionOf(version);
    const value = selectValue({ kind: 'fields', fields: found.fields }, ref, named);
    const createdAtMs = Date.parse(createdTime ?? '');
    const nextInMs = rotation?.nextInMs ?? null;
    return {
      value,
      revision: named ?? this.#digest(value.reveal()),
      readAtMs,
      ...(Number.isNaN(createdAtMs) ? {} : { createdAtMs }),
      ...(nextInMs === null ? {} : { replacedInMs: nextInMs }),
    };
  }

  async #find(location: KvLocation, signal: AbortSignal): Promise<Found> {
    const startedAtMs = this.#clock.monotonic();
    const mount = await this.#mounts.find(location.mount, signal);
    if (mount.version === 'unknown') throw unproved(location, this.#mounts.setting);
    const outcome = await this.#readAs(mount, location, signal);
    if (outcome.kind === 'found') return outcome;
    // The mount may have been replaced by one of another version since it was found.
    const ambiguous = outcome.kind === 'absent' && outcome.ambiguous;
    const again = await this.#mounts.confirm(location.mount, signal, { startedAtMs, ambiguous });
    if (again.version === mount.version || again.version === 'unknown') throw failure(outcome, location, mount.version);
    const second = await this.#readAs(again, location, signal);
    if (second.kind === 'found') return second;
    throw failure(second, location, again.version);
  }

  async #readAs(mount: Mount, location: KvLocation, signal: AbortSignal): Promise<KvOutcome> {
    const { version, type, isShown } = mount;
    if (version === 'v2') return readV2(this.#session, location, signal);
    if (version === 'none') {
      this.#mounts.checkStaticRole(mount, location);
      if (location.pin !== undefined) throw versionOfRole(location);
      return readStaticRole(this.#session, { type, location }, signal);
    }
    if (location.pin !== undefined) throw versionOnV1(location);
    if (!isShown && isOfV2(location)) throw mayBeV2(location);
    return readV1(this.#session, location, signal);
  }
}

function failure(outcome: Exclude<KvOutcome, Found>, location: KvLocation, version: KvVersion | 'none'): ProviderError {
  return outcome.kind === 'refused' ? denied(location, version) : notFound(location, version, outcome);
}
