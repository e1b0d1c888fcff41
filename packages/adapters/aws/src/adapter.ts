import {
  type Clock,
  LocationReads,
  type Payload,
  ProviderError,
  type ReadOptions,
  type RevisionReader,
  type SecretProvider,
  type SecretRef,
  type SecretRevision,
  selectValue,
} from '@vault-swarm/provider';
import type { SecretsClient } from './client.ts';
import { placeOf, type SecretPlace, secretKey } from './location.ts';
import { payloadOf } from './payload.ts';
import { isVersionId } from './secret-id.ts';
import type { SeenVersions } from './version-markers.ts';

/** One version, as AWS gave it. */
interface FoundVersion {
  readonly payload: Payload;
  readonly versionId: string;
  readonly createdAtMs: number | undefined;
}

/** Which of a secret's versions is read. */
type VersionChoice = { readonly VersionId: string } | { readonly VersionStage: string };

/** What reading needs. */
export interface AwsSecretsOptions {
  readonly client: SecretsClient;
  readonly clock: Clock;
  readonly seen: SeenVersions;
}

/**
 * Reads secrets. The revision is AWS's version id. Of replaced versions AWS keeps the one before (`AWSPREVIOUS`) for sure, and
 * older ones for a while. Reads of one version share one request.
 */
export class AwsSecrets implements SecretProvider, RevisionReader {
  readonly #client: SecretsClient;
  readonly #clock: Clock;
  readonly #seen: SeenVersions;
  readonly #reads: LocationReads<FoundVersion>;

  constructor({ client, clock, seen }: AwsSecretsOptions) {
    this.#client = client;
    this.#clock = clock;
    this.#seen = seen;
    this.#reads = new LocationReads(
      clock,
      ({ payload }) => payload.kind === 'fields' && Object.keys(payload.fields).length > 1,
    );
  }

  async read(ref: SecretRef, options: ReadOptions): Promise<SecretRevision> {
    const place = placeOf(ref);
    if (place.pin !== undefined) return this.#readVersion(ref, place, { VersionId: place.pin }, options);
    return this.#readVersion(ref, place, { VersionStage: place.stage }, options);
  }

  async readRevision(ref: SecretRef, revision: string, options: ReadOptions): Promise<SecretRevision> {
    const place = placeOf(ref);
    if (!isVersionId(revision)) throw new ProviderError('NOT_FOUND', `${place.shown}: there was no such revision`);
    return this.#readVersion(ref, place, { VersionId: revision }, options);
  }

  /** Cuts off what is under way. */
  close(): void {
    this.#reads.close();
  }

  async #readVersion(
    ref: SecretRef,
    place: SecretPlace,
    choice: VersionChoice,
    options: ReadOptions,
  ): Promise<SecretRevision> {
    const { found, readAtMs } = await this.#reads.read(
      JSON.stringify([secretKey(place), choice]),
      options,
      (signal) => this.#find(place, choice, signal),
      () => new ProviderError('UNAVAILABLE', `${place.shown}: the read was cut off`),
    );
    const { versionId, createdAtMs } = found;
    return {
      value: selectValue(found.payload, ref),
      revision: versionId,
      readAtMs,
      ...(createdAtMs === undefined ? {} : { createdAtMs }),
    };
  }

  async #find(place: SecretPlace, choice: VersionChoice, signal: AbortSignal): Promise<FoundVersion> {
    const { region, secretId, shown } = place;
    const begunAtMs = this.#clock.monotonic();
    const answer = await this.#client.value({ SecretId: secretId, ...choice }, { region, shown, signal });
    const { VersionId: versionId, CreatedDate: createdAt } = answer;
    if (versionId === undefined || !isVersionId(versionId)) {
      throw new ProviderError('UNAVAILABLE', `${shown}: AWS's answer names no version`);
    }
    if ('VersionStage' in choice) this.#seen.read(place, versionId, begunAtMs);
    const createdAtMs = createdAt?.getTime();
    if (createdAtMs !== undefined) this.#seen.created(versionId, createdAtMs);
    return { payload: payloadOf(answer, shown), versionId, createdAtMs };
  }
}
