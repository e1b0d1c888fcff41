import { type Clock, mapConcurrently } from '@vault-swarm/kernel';
import {
  type CallBudget,
  type CallOptions,
  type ChangeProbe,
  locateRefs,
  ProbedRefs,
  type ProbeResult,
  ProviderError,
  RereadSchedule,
  refKey,
  type SecretRef,
} from '@vault-swarm/provider';
import type { HttpConfig } from './config.ts';
import type { HttpClient } from './http-client.ts';
import { type HttpLocation, locationOf } from './location.ts';
import { revisionAt } from './payload.ts';
import type { SeenTags } from './seen-tags.ts';

/** How many requests of one probe are in flight. */
const AT_ONCE = 8;

/** The dependencies of {@link HttpProbe}. */
export interface HttpProbeOptions {
  readonly client: HttpClient;
  readonly clock: Clock;
  readonly tags: SeenTags;
  readonly budget: CallBudget;
}

/**
 * Detects changes by ETags, or by versions at a path without values. Refs with the same path share one request. While
 * the call budget is used up, refs that were probed before are postponed.
 */
export class HttpProbe implements ChangeProbe {
  readonly #config: HttpConfig;
  readonly #options: HttpProbeOptions;
  /** A path without values does not show whether a value may still be read. */
  readonly #rereads: RereadSchedule;
  readonly #probed: ProbedRefs;

  constructor(config: HttpConfig, options: HttpProbeOptions) {
    this.#config = config;
    this.#options = options;
    this.#probed = new ProbedRefs(options.budget);
    this.#rereads = new RereadSchedule(options.clock);
  }

  async probe(refs: readonly SecretRef[], { signal }: CallOptions): Promise<ReadonlyMap<string, ProbeResult>> {
    signal.throwIfAborted();
    const results = new Map<string, ProbeResult>();
    const byPath = this.#byPath(refs, results);
    if (this.#probed.postpone(refs, results)) return results;
    this.#rereads.advance([...byPath.keys()]);
    await mapConcurrently(byPath.values(), AT_ONCE, async ({ location, refs: sharing }) => {
      const result = await this.#ask(location, signal);
      for (const ref of sharing) results.set(refKey(ref), result);
    });
    signal.throwIfAborted();
    return results;
  }

  #byPath(refs: readonly SecretRef[], results: Map<string, ProbeResult>) {
    const byPath = new Map<string, { readonly location: HttpLocation; readonly refs: SecretRef[] }>();
    for (const [ref, location] of locateRefs(refs, (asked) => locationOf(this.#config, asked), results)) {
      const known = byPath.get(location.path) ?? { location, refs: [] };
      known.refs.push(ref);
      byPath.set(location.path, known);
    }
    return byPath;
  }

  async #ask(location: HttpLocation, signal: AbortSignal): Promise<ProbeResult> {
    const { probe, revision } = this.#config;
    try {
      if (probe.kind === 'none') return { kind: 'unsupported' };
      if (probe.kind !== 'path') return await this.#askTag(location, probe.kind, signal);
      const { json } = await this.#options.client.request({
        operation: 'probe',
        method: 'GET',
        path: location.probePath,
        subject: location.displayName,
        signal,
      });
      const found = revision.kind === 'pointers' ? revisionAt(json, revision) : null;
      if (found !== null)
        return { kind: 'marker', marker: `${found} ${this.#rereads.turnsOf(location.path)}`, revision: found };
      return { kind: 'unsupported', problem: `the response of probe.path has no revision; correct revision or probe` };
    } catch (error) {
      return failed(error, `${location.displayName}: it can't be checked`);
    }
  }

  async #askTag(
    { path, displayName: subject }: HttpLocation,
    kind: 'conditional' | 'head',
    signal: AbortSignal,
  ): Promise<ProbeResult> {
    const { client, tags } = this.#options;
    const known = kind === 'conditional' ? tags.get(path) : undefined;
    const { status, etag } = await client.request({
      operation: 'probe',
      method: kind === 'head' ? 'HEAD' : 'GET',
      path,
      subject,
      signal,
      ...(known === undefined ? {} : { ifNoneMatch: known }),
    });
    const tag = status === 304 ? known : etag;
    if (tag === undefined) return { kind: 'unsupported', problem: 'the server sends no ETag; set another revision' };
    tags.set(path, tag);
    return { kind: 'marker', marker: tag, revision: tag };
  }
}

function failed(error: unknown, message: string): ProbeResult {
  return { kind: 'failed', error: ProviderError.from(error, message) };
}
