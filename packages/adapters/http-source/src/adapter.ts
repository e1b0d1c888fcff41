import type { Clock } from '@vault-swarm/kernel';
import {
  ReadCoalescer,
  type ReadOptions,
  type SecretProvider,
  type SecretRef,
  type SecretRevision,
  selectValue,
} from '@vault-swarm/provider';
import type { HttpConfig } from './config.ts';
import type { HttpClient } from './http-client.ts';
import type { HttpResponse } from './http-types.ts';
import { locationOf } from './location.ts';
import { payloadOf, revisionAt } from './payload.ts';
import type { SeenTags } from './seen-tags.ts';

/** The dependencies of {@link HttpSecrets}. */
export interface HttpSecretsOptions {
  readonly client: HttpClient;
  readonly clock: Clock;
  readonly tags: SeenTags;
  /** A keyed digest. */
  readonly digest: (bytes: Uint8Array) => string;
}

/** Reads secrets from an HTTP API. Concurrent reads of one path, for several fields, share one request. */
export class HttpSecrets implements SecretProvider {
  readonly #config: HttpConfig;
  readonly #options: HttpSecretsOptions;
  readonly #reads: ReadCoalescer<HttpResponse>;

  constructor(config: HttpConfig, options: HttpSecretsOptions) {
    this.#config = config;
    this.#options = options;
    this.#reads = new ReadCoalescer(options.clock, ({ json }) => typeof json === 'object');
  }

  async read(ref: SecretRef, options: ReadOptions): Promise<SecretRevision> {
    const { client, tags } = this.#options;
    const { path, displayName } = locationOf(this.#config, ref);
    const { found, readAtMs } = await this.#reads.read({ key: path, displayName }, options, (signal) =>
      client.request({ operation: 'read', method: 'GET', path, subject: displayName, signal }),
    );
    if (found.etag !== undefined) tags.set(path, found.etag);
    const given = this.#revisionOf(found);
    const value = selectValue(payloadOf(found, this.#config.value, displayName), ref, given);
    // If a response lacks the configured version, the digest of the value still changes with it.
    return { value, revision: given ?? this.#options.digest(value.reveal()), readAtMs };
  }

  /** Aborts requests in flight. */
  close(): void {
    this.#reads.close();
  }

  /** The configured version of a response, if it has one. */
  #revisionOf({ etag, json }: HttpResponse): string | undefined {
    const { revision } = this.#config;
    if (revision.kind === 'etag') return etag;
    return revision.kind === 'pointers' ? (revisionAt(json, revision) ?? undefined) : undefined;
  }
}
