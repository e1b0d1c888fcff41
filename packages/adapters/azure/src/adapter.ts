import type { Clock } from '@vault-swarm/kernel';
import {
  hasSeveralFields,
  type Payload,
  ProviderError,
  payloadOfText,
  ReadCoalescer,
  type ReadOptions,
  type RevisionReader,
  type SecretProvider,
  type SecretRef,
  type SecretRevision,
  selectValue,
} from '@vault-swarm/provider';
import { validityAt } from './attributes.ts';
import type { FoundSecret, KeyVaultClient } from './client.ts';
import { checkedVersion, locationOf, type SecretLocation } from './location.ts';
import type { VersionMarkers } from './version-markers.ts';

/** One version that Azure returned, with its payload. */
interface FoundVersion extends FoundSecret {
  readonly payload: Payload;
}

/** The dependencies of {@link AzureSecrets}. */
export interface AzureSecretsOptions {
  readonly client: KeyVaultClient;
  readonly clock: Clock;
  readonly markers: VersionMarkers;
}

/**
 * Reads secrets. The revision is Azure's version id. Azure keeps all versions until the secret is purged. Concurrent
 * reads of one version share one request.
 */
export class AzureSecrets implements SecretProvider, RevisionReader {
  readonly #client: KeyVaultClient;
  readonly #clock: Clock;
  readonly #markers: VersionMarkers;
  readonly #reads: ReadCoalescer<FoundVersion>;

  constructor({ client, clock, markers }: AzureSecretsOptions) {
    this.#client = client;
    this.#clock = clock;
    this.#markers = markers;
    this.#reads = new ReadCoalescer(clock, ({ payload }) => hasSeveralFields(payload));
  }

  async read(ref: SecretRef, options: ReadOptions): Promise<SecretRevision> {
    const location = locationOf(ref);
    const { found, readAtMs } = await this.#read(location, options);
    refuseInvalid(found, location);
    return revisionOf(found, ref, readAtMs);
  }

  /** A value that was good before is also returned after its end, because it may be needed for a rollback. */
  async readRevision(ref: SecretRef, revision: string, options: ReadOptions): Promise<SecretRevision> {
    const location = locationOf(ref);
    const version = checkedVersion(revision, location.displayName);
    const { found, readAtMs } = await this.#read({ ...location, version }, options);
    return revisionOf(found, ref, readAtMs);
  }

  /** Aborts requests in flight. */
  close(): void {
    this.#reads.close();
  }

  #read(location: SecretLocation, options: ReadOptions) {
    return this.#reads.read(
      { key: JSON.stringify([location.name, location.version ?? null]), displayName: location.displayName },
      options,
      (signal) => this.#find(location, signal),
    );
  }

  async #find(location: SecretLocation, signal: AbortSignal): Promise<FoundVersion> {
    const startedAtMs = this.#clock.monotonic();
    const found = await this.#client.secret(location, signal);
    if (location.version === undefined) this.#markers.read(location.name, found.version, found, startedAtMs);
    return { ...found, payload: payloadOfText(found.value) };
  }
}

function revisionOf({ payload, version, attributes }: FoundVersion, ref: SecretRef, readAtMs: number): SecretRevision {
  const { createdAtMs } = attributes;
  const value = selectValue(payload, ref, version);
  return { value, revision: version, readAtMs, ...(createdAtMs === undefined ? {} : { createdAtMs }) };
}

/**
 * Azure also returns versions outside of their time. The plugin does not deliver them. The error is not proven: a value
 * that was delivered before is still served for a while, and the version may become valid without a change.
 */
function refuseInvalid({ attributes, serverTimeMs }: FoundSecret, { displayName }: SecretLocation): void {
  const validity = validityAt(attributes, serverTimeMs);
  if (validity === 'valid') return;
  const { validFromMs = 0, expiresAtMs = 0 } = attributes;
  const reason =
    validity === 'expired'
      ? `its current version expired on ${dateOf(expiresAtMs)}; write a new version, or change its expiry`
      : `its current version is not valid before ${dateOf(validFromMs)}; wait, or change its activation date`;
  throw new ProviderError('INVALID_PAYLOAD', `${displayName}: ${reason}`, { isProven: false });
}

function dateOf(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('.000', '');
}
