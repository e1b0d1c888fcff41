import type { Clock } from '@vault-swarm/kernel';
import {
  hasSeveralFields,
  type Payload,
  ProviderError,
  ReadCoalescer,
  type ReadOptions,
  type RevisionReader,
  type SecretProvider,
  type SecretRef,
  type SecretRevision,
  selectValue,
} from '@vault-swarm/provider';
import type { SecretsClient } from './client.ts';
import { locationOf, type SecretLocation, secretKey } from './location.ts';
import { payloadOf } from './payload.ts';
import { isVersionId } from './secret-id.ts';
import type { VersionMarkers } from './version-markers.ts';

/** One version that AWS returned. */
interface FoundVersion {
  readonly payload: Payload;
  readonly versionId: string;
  readonly createdAtMs: number | undefined;
}

/** Selects the version of a secret to read. */
type VersionChoice = { readonly VersionId: string } | { readonly VersionStage: string };

/** The dependencies of {@link AwsSecrets}. */
export interface AwsSecretsOptions {
  readonly client: SecretsClient;
  readonly clock: Clock;
  readonly markers: VersionMarkers;
}

/**
 * Reads secrets. The revision is AWS's version id. AWS always keeps the previous version (`AWSPREVIOUS`), and older
 * ones for some time. Concurrent reads of one version share one request.
 */
export class AwsSecrets implements SecretProvider, RevisionReader {
  readonly #client: SecretsClient;
  readonly #clock: Clock;
  readonly #markers: VersionMarkers;
  readonly #reads: ReadCoalescer<FoundVersion>;

  constructor({ client, clock, markers }: AwsSecretsOptions) {
    this.#client = client;
    this.#clock = clock;
    this.#markers = markers;
    this.#reads = new ReadCoalescer(clock, ({ payload }) => hasSeveralFields(payload));
  }

  async read(ref: SecretRef, options: ReadOptions): Promise<SecretRevision> {
    const location = locationOf(ref);
    if (location.pin !== undefined) return this.#readVersion(ref, location, { VersionId: location.pin }, options);
    return this.#readVersion(ref, location, { VersionStage: location.stage }, options);
  }

  async readRevision(ref: SecretRef, revision: string, options: ReadOptions): Promise<SecretRevision> {
    const location = locationOf(ref);
    if (!isVersionId(revision))
      throw new ProviderError('NOT_FOUND', `${location.displayName}: AWS has no such version`);
    return this.#readVersion(ref, location, { VersionId: revision }, options);
  }

  /** Aborts requests in flight. */
  close(): void {
    this.#reads.close();
  }

  async #readVersion(
    ref: SecretRef,
    location: SecretLocation,
    choice: VersionChoice,
    options: ReadOptions,
  ): Promise<SecretRevision> {
    const { found, readAtMs } = await this.#reads.read(
      { key: JSON.stringify([secretKey(location), choice]), displayName: location.displayName },
      options,
      (signal) => this.#find(location, choice, signal),
    );
    const { versionId, createdAtMs } = found;
    return {
      value: selectValue(found.payload, ref, versionId),
      revision: versionId,
      readAtMs,
      ...(createdAtMs === undefined ? {} : { createdAtMs }),
    };
  }

  async #find(location: SecretLocation, choice: VersionChoice, signal: AbortSignal): Promise<FoundVersion> {
    const { region, secretId, displayName } = location;
    const startedAtMs = this.#clock.monotonic();
    const answer = await this.#client.value({ SecretId: secretId, ...choice }, { region, displayName, signal });
    const { VersionId: versionId, CreatedDate: createdAt } = answer;
    if (versionId === undefined || !isVersionId(versionId)) {
      throw new ProviderError('UNAVAILABLE', `${displayName}: AWS's response has no version id`);
    }
    if ('VersionStage' in choice) this.#markers.read(location, versionId, startedAtMs);
    const createdAtMs = createdAt?.getTime();
    if (createdAtMs !== undefined) this.#markers.created(versionId, createdAtMs);
    return { payload: payloadOf(answer, displayName), versionId, createdAtMs };
  }
}
