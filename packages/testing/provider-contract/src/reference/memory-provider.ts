import { createServer, type Server } from 'node:net';
import {
  type CallOptions,
  type ChangeHints,
  type Payload,
  type ProbeResult,
  ProviderError,
  type ProviderInstance,
  ReadCoalescer,
  type ReadOptions,
  refKey,
  type SecretRef,
  type SecretRevision,
  type SecretValue,
  selectValue,
} from '@vault-swarm/provider';
import type { RequestEvent, SuiteTools } from '../suite-tools.ts';
import { checksumOf, type MemoryStore, type Version, verifyChecksum } from './memory-store.ts';

/** The correct behaviour, in parts that a mutant can replace. */
export interface Behaviour {
  select(payload: Payload, ref: SecretRef): SecretValue;
  revision(version: Version, instanceId: number): string;
  marker(version: Version): string;
  createdAtMs(version: Version): number;
  /** Compares the age of two versions, as `RevisionOrder` does. */
  compare(a: Version, b: Version): number;
  /** The revision in a probe result. */
  probedRevision(version: Version, revision: string): string;
  pinned(versions: readonly Version[], pin: string): Version | undefined;
  /** Finds the version of a revision; `isThat` checks one version. */
  earlier(versions: readonly Version[], isThat: (version: Version) => boolean): Version | undefined;
  /** The ref to read for an earlier revision of `ref`. */
  earlierRef(ref: SecretRef): SecretRef;
  /** The ref that is read. `latest` is the ref of the last read that started. */
  refToRead(ref: SecretRef, latest: SecretRef): SecretRef;
  /** The key of a location in the store. */
  locationKey(location: SecretRef['location']): string;
  wrap(revision: SecretRevision): SecretRevision;
  error(reason: keyof typeof CODES): ProviderError;
  /** The error of a failed read. */
  failure(error: unknown, stored: Payload | undefined): unknown;
  probed(answer: Map<string, ProbeResult>): Map<string, ProbeResult>;
  /** The options with which a read joins others. */
  joining(options: ReadOptions): ReadOptions;
  /** When a read started, as its result says. */
  readAtMs(startedAtMs: number, nowMs: number): number | undefined;
  /** The events for the end of a request. */
  reported(event: RequestEvent): readonly RequestEvent[];
  /** Rejects a value that arrived damaged. */
  verify(version: Version): void;
  /** Called when the instance is closed, with the bytes that it returned. */
  closed(returned: readonly Uint8Array[]): void;
  /** How value and revision are read: by one request, or by two. */
  readonly requests: 'one' | 'value first' | 'revision first';
  readonly heedsAbort: boolean;
  readonly sharesAborts: boolean;
  /** The name in a hint about this name. */
  hintedName(name: string): string;
  readonly sendsHints: boolean;
  readonly keepsListeners: boolean;
  readonly recovers: boolean;
  readonly endsTimers: boolean;
  readonly endsClockTimers: boolean;
  readonly closesSockets: boolean;
  readonly closesOnce: boolean;
  readonly closingAborts: boolean;
}

const CODES = {
  outage: 'UNAVAILABLE',
  login: 'UNAUTHENTICATED',
  throttling: 'RATE_LIMITED',
  denial: 'ACCESS_DENIED',
  withdrawal: 'NOT_FOUND',
  missing: 'NOT_FOUND',
  nowhere: 'INVALID_REF',
} as const;

/** The behaviour that fulfils the contract. */
export const rightBehaviour: Behaviour = {
  select: selectValue,
  revision: ({ payload }) => checksumOf(payload),
  marker: ({ number }) => String(number),
  createdAtMs: ({ createdAtMs }) => createdAtMs,
  compare: (a, b) => a.number - b.number,
  probedRevision: (_version, revision) => revision,
  pinned: (versions, pin) => versions.find(({ number }) => String(number) === pin),
  earlier: (versions, isThat) => versions.find(isThat),
  earlierRef: (ref) => ref,
  refToRead: (ref) => ref,
  locationKey: ({ name = '', region = '' }) => `${region}/${name}`,
  wrap: (revision) => revision,
  error: (reason) => new ProviderError(CODES[reason], `the memory fails: ${reason}`),
  failure: (error) => error,
  probed: (answer) => answer,
  joining: (options) => options,
  readAtMs: (startedAtMs) => startedAtMs,
  reported: (event) => [event],
  verify: verifyChecksum,
  closed: () => {},
  requests: 'one',
  heedsAbort: true,
  sharesAborts: false,
  hintedName: (name) => name,
  sendsHints: true,
  keepsListeners: false,
  recovers: true,
  endsTimers: true,
  endsClockTimers: true,
  closesSockets: true,
  closesOnce: false,
  closingAborts: true,
};

const never = new AbortController().signal;
let instances = 0;

/** A provider in memory, with one behaviour. */
export class MemoryProvider implements ProviderInstance {
  readonly name = 'memory';
  readonly secrets = { read: (ref: SecretRef, options: ReadOptions) => this.#read(ref, options) };
  readonly probe = {
    namesRevisions: true,
    probe: (refs: readonly SecretRef[], options: CallOptions) => this.#probe(refs, options),
  };
  readonly hints: ChangeHints = { onHint: (listener) => this.#onHint(listener) };
  readonly leases = null;
  readonly holders = null;
  readonly revisions = {
    readRevision: (ref: SecretRef, revision: string, { signal }: CallOptions) =>
      this.#result(this.#behaviour.earlierRef(ref), async (earlierRef) => ({
        found: await this.#request('read', earlierRef, this.#heeded(signal), revision),
        readAtMs: this.#tools.clock.monotonic(),
      })),
  };
  readonly order = { compare: (a: string, b: string) => this.#compare(a, b) };
  readonly #store: MemoryStore;
  readonly #behaviour: Behaviour;
  readonly #tools: SuiteTools;
  readonly #reads: ReadCoalescer<Version>;
  /** The latest version by revision. */
  readonly #known = new Map<string, Version>();
  readonly #id = ++instances;
  readonly #closing = new AbortController();
  readonly #timer = setInterval(() => {}, 1_000);
  readonly #inFlight = new Map<string, Promise<SecretRevision>>();
  readonly #returned: Uint8Array[] = [];
  #endClockTimer = () => {};
  #latest: SecretRef | undefined;
  #connection: Server | undefined;
  #isClosed = false;

  constructor(store: MemoryStore, behaviour: Behaviour, tools: SuiteTools) {
    this.#store = store;
    this.#behaviour = behaviour;
    this.#tools = tools;
    this.#reads = new ReadCoalescer(tools.clock, ({ payload }) => payload.kind === 'fields');
  }

  async close(): Promise<void> {
    if (this.#isClosed && this.#behaviour.closesOnce) throw new Error('closed twice');
    this.#isClosed = true;
    if (this.#behaviour.endsTimers) clearInterval(this.#timer);
    else this.#timer.hasRef();
    if (this.#behaviour.endsClockTimers) this.#endClockTimer();
    if (this.#behaviour.closingAborts) {
      this.#closing.abort();
      this.#reads.close();
    }
    this.#behaviour.closed(this.#returned);
  }

  /** Ends what a mutant leaves open. */
  endLeftovers(): void {
    clearInterval(this.#timer);
    this.#endClockTimer();
    this.#connection?.close();
  }

  #read(ref: SecretRef, options: ReadOptions): Promise<SecretRevision> {
    const key = `${this.#behaviour.locationKey(ref.location)} ${ref.pin ?? ''}`;
    const joined = () =>
      this.#result(ref, () =>
        this.#reads.read(
          { key, displayName: 'memory' },
          this.#behaviour.joining({ ...options, signal: this.#heeded(options.signal) }),
          (signal) => this.#versionBy(ref, signal),
        ),
      );
    if (!this.#behaviour.sharesAborts) return joined();
    const shared = this.#inFlight.get(key) ?? joined().finally(() => this.#inFlight.delete(key));
    this.#inFlight.set(key, shared);
    return shared;
  }

  async #versionBy(ref: SecretRef, signal: AbortSignal): Promise<Version> {
    const first = await this.#request('read', ref, signal);
    if (this.#behaviour.requests === 'one') return first;
    const second = await this.#request('read', ref, signal);
    const [value, revision] = this.#behaviour.requests === 'value first' ? [first, second] : [second, first];
    return { ...revision, payload: value.payload, checksum: value.checksum, revisionOf: revision } as Version;
  }

  async #result(
    ref: SecretRef,
    read: (ref: SecretRef) => Promise<{ readonly found: Version; readonly readAtMs: number }>,
  ): Promise<SecretRevision> {
    let payload: Payload | undefined;
    try {
      const { found, readAtMs: startedAtMs } = await read(ref);
      payload = found.payload;
      this.#behaviour.verify(found);
      const value = this.#behaviour.select(payload, ref);
      this.#returned.push(value.reveal());
      const readAtMs = this.#behaviour.readAtMs(startedAtMs, this.#tools.clock.monotonic());
      return this.#behaviour.wrap({
        value,
        revision: this.#revisionOf(found),
        createdAtMs: this.#behaviour.createdAtMs(found),
        ...(readAtMs === undefined ? {} : { readAtMs }),
      });
    } catch (error) {
      throw this.#behaviour.failure(error, payload);
    }
  }

  #revisionOf(version: Version & { readonly revisionOf?: Version }): string {
    const revision = this.#behaviour.revision(version.revisionOf ?? version, this.#id);
    const known = this.#known.get(revision);
    if (known === undefined || known.number < version.number) this.#known.set(revision, version);
    return revision;
  }

  #compare(a: string, b: string): number | undefined {
    const [first, second] = [this.#known.get(a), this.#known.get(b)];
    return first && second && this.#behaviour.compare(first, second);
  }

  /** One request to the store, with its event. */
  async #request(operation: string, ref: SecretRef, signal: AbortSignal, earlier?: string): Promise<Version> {
    const { clock, events, name: provider } = this.#tools;
    const startedAtMs = clock.monotonic();
    const report = (outcome: RequestEvent['outcome']) => {
      const durationMs = clock.monotonic() - startedAtMs;
      const type = 'provider.request-completed';
      for (const event of this.#behaviour.reported({ type, provider, operation, outcome, durationMs })) {
        events.emit(event);
      }
    };
    try {
      const version = await this.#version(ref, signal, earlier);
      report('ok');
      return version;
    } catch (error) {
      report(error instanceof ProviderError ? error.code : 'UNAVAILABLE');
      throw error;
    }
  }

  async #version(ref: SecretRef, signal: AbortSignal, earlier?: string): Promise<Version> {
    if (ref.location.name === undefined) throw this.#behaviour.error('nowhere');
    this.#latest = ref;
    if (!this.#behaviour.closesSockets) this.#connection ??= createServer().listen(0, '127.0.0.1').unref();
    if (!this.#behaviour.endsClockTimers) this.#endClockTimer = this.#tools.clock.after(3_600_000, () => {});
    await this.#untilAborted(this.#store.released ?? new Promise((resolve) => setImmediate(resolve)), signal);
    const { location, pin } = this.#behaviour.refToRead(ref, this.#latest);
    const key = this.#behaviour.locationKey(location);
    if (this.#store.disturbance !== undefined) throw this.#behaviour.error(this.#store.disturbance);
    if (this.#store.denied.has(key)) throw this.#behaviour.error('denial');
    if (this.#store.withdrawn.has(key)) throw this.#behaviour.error('withdrawal');
    const versions = this.#store.versions.get(key) ?? [];
    const version =
      earlier !== undefined
        ? this.#behaviour.earlier(versions, (one) => this.#behaviour.revision(one, this.#id) === earlier)
        : pin === undefined
          ? versions.at(-1)
          : this.#behaviour.pinned(versions, pin);
    if (version === undefined) throw this.#behaviour.error('missing');
    const sent = this.#store.sent(version);
    await this.#untilAborted(this.#store.passed(), signal);
    return sent;
  }

  async #probe(refs: readonly SecretRef[], { signal }: CallOptions): Promise<ReadonlyMap<string, ProbeResult>> {
    const heeded = this.#heeded(signal);
    const results = refs.map(async (ref): Promise<[string, ProbeResult]> => {
      try {
        const version = await this.#request('probe', ref, heeded);
        const revision = this.#behaviour.probedRevision(version, this.#revisionOf(version));
        return [refKey(ref), { kind: 'marker', marker: this.#behaviour.marker(version), revision }];
      } catch (error) {
        return [refKey(ref), { kind: 'failed', error: ProviderError.from(error, 'the probe failed') }];
      }
    });
    const answer = new Map(await Promise.all(results));
    heeded.throwIfAborted();
    return this.#behaviour.probed(answer);
  }

  #onHint(listener: Parameters<ChangeHints['onHint']>[0]): () => void {
    const onWrite = (key: string) => listener([{ location: { name: this.#behaviour.hintedName(key.slice(1)) } }]);
    if (this.#behaviour.sendsHints) this.#store.listeners.add(onWrite);
    return () => {
      if (!this.#behaviour.keepsListeners) this.#store.listeners.delete(onWrite);
    };
  }

  #heeded(signal: AbortSignal): AbortSignal {
    return this.#behaviour.heedsAbort ? signal : never;
  }

  async #untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
    const cut = AbortSignal.any([signal, this.#closing.signal]);
    await new Promise<void>((resolve, reject) => {
      const abort = () => reject(new ProviderError('UNAVAILABLE', 'cut off', { cause: cut.reason }));
      if (cut.aborted) abort();
      cut.addEventListener('abort', abort, { once: true });
      void work.then(resolve);
    });
  }
}
