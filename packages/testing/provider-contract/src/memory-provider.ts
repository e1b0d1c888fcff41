import { createHash } from 'node:crypto';
import {
  type CallOptions,
  type Payload,
  type ProbeResult,
  ProviderError,
  type ProviderInstance,
  refKey,
  type SecretRef,
  type SecretRevision,
  type SecretValue,
  selectValue,
  stringifyLosslessJson,
} from '@vault-swarm/provider';
import type { Capability } from './capability.ts';
import type { Harness, StoredPayload } from './harness.ts';

/** One version of a stored value. */
interface Version {
  readonly number: number;
  readonly payload: Payload;
  readonly createdAtMs: number;
}

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
  wrap(revision: SecretRevision): SecretRevision;
  error(code: 'outage' | 'login' | 'throttling' | 'denial' | 'missing' | 'nowhere'): ProviderError;
  /** The error of a failed read. */
  failure(error: unknown, stored: Payload | undefined): unknown;
  probed(answer: Map<string, ProbeResult>): Map<string, ProbeResult>;
  readonly heedsAbort: boolean;
  readonly sharesAborts: boolean;
  readonly mixesReads: boolean;
  readonly sendsHints: boolean;
  readonly keepsListeners: boolean;
  readonly recovers: boolean;
  readonly endsTimers: boolean;
  readonly closesOnce: boolean;
  readonly closingAborts: boolean;
}

const CODES = {
  outage: 'UNAVAILABLE',
  login: 'UNAUTHENTICATED',
  throttling: 'RATE_LIMITED',
  denial: 'ACCESS_DENIED',
  missing: 'NOT_FOUND',
  nowhere: 'INVALID_REF',
} as const;

const rightBehaviour: Behaviour = {
  select: selectValue,
  revision: ({ payload }) => createHash('sha256').update(bytesOf(payload)).digest('base64url'),
  marker: ({ number }) => String(number),
  createdAtMs: ({ createdAtMs }) => createdAtMs,
  compare: (a, b) => a.number - b.number,
  probedRevision: (_version, revision) => revision,
  pinned: (versions, pin) => versions.find(({ number }) => String(number) === pin),
  earlier: (versions, isThat) => versions.find(isThat),
  earlierRef: (ref) => ref,
  wrap: (revision) => revision,
  error: (reason) => new ProviderError(CODES[reason], `the memory fails: ${reason}`),
  failure: (error) => error,
  probed: (answer) => answer,
  heedsAbort: true,
  sharesAborts: false,
  mixesReads: false,
  sendsHints: true,
  keepsListeners: false,
  recovers: true,
  endsTimers: true,
  closesOnce: false,
  closingAborts: true,
};

export function bytesOf(payload: Payload): Uint8Array {
  return payload.kind === 'bytes' ? payload.bytes : Buffer.from(stringifyLosslessJson(payload.fields));
}

/** The state that all instances of a harness share: the memory and its disturbances. */
class Memory {
  readonly versions = new Map<string, Version[]>();
  readonly denied = new Set<string>();
  readonly listeners = new Set<() => void>();
  disturbance: 'outage' | 'login' | 'throttling' | undefined;
  released: Promise<void> | undefined;
  release = () => {};
  #writes = 0;

  write(name: string, payload: Payload): void {
    const versions = this.versions.get(name) ?? [];
    this.versions.set(name, [...versions, { number: ++this.#writes, payload, createdAtMs: Date.now() }]);
    for (const listener of this.listeners) listener();
  }
}

let instances = 0;

class MemoryProvider implements ProviderInstance {
  readonly name = 'memory';
  readonly secrets = { read: (ref: SecretRef, options: CallOptions) => this.#read(ref, options) };
  readonly probe = { probe: (refs: readonly SecretRef[], options: CallOptions) => this.#probe(refs, options) };
  readonly hints = { onHint: (listener: () => void) => this.#onHint(listener) };
  readonly leases = null;
  readonly holders = null;
  readonly revisions = {
    readRevision: (ref: SecretRef, revision: string, { signal }: CallOptions) =>
      this.#readAlone(this.#behaviour.earlierRef(ref), signal, revision),
  };
  readonly order = { compare: (a: string, b: string) => this.#compare(a, b) };
  readonly #memory: Memory;
  readonly #behaviour: Behaviour;
  /** The latest version by revision. */
  readonly #known = new Map<string, Version>();
  readonly #id = ++instances;
  readonly #closing = new AbortController();
  readonly #timer = setInterval(() => {}, 1_000);
  readonly #inFlight = new Map<string, Promise<SecretRevision>>();
  #lastName = '';
  #closed = false;

  constructor(memory: Memory, behaviour: Behaviour) {
    this.#memory = memory;
    this.#behaviour = behaviour;
  }

  async close(): Promise<void> {
    if (this.#closed && this.#behaviour.closesOnce) throw new Error('closed twice');
    this.#closed = true;
    if (this.#behaviour.endsTimers) clearInterval(this.#timer);
    else this.#timer.hasRef();
    if (this.#behaviour.closingAborts) this.#closing.abort();
  }

  /** For the tests of mutants which leave it running. */
  endTimers(): void {
    clearInterval(this.#timer);
  }

  async #read(ref: SecretRef, { signal }: CallOptions): Promise<SecretRevision> {
    if (!this.#behaviour.sharesAborts) return this.#readAlone(ref, signal);
    const key = refKey(ref);
    const shared = this.#inFlight.get(key) ?? this.#readAlone(ref, signal).finally(() => this.#inFlight.delete(key));
    this.#inFlight.set(key, shared);
    return shared;
  }

  async #readAlone(ref: SecretRef, signal: AbortSignal, earlier?: string): Promise<SecretRevision> {
    let payload: Payload | undefined;
    try {
      const version = await this.#version(ref, signal, earlier);
      payload = version.payload;
      return this.#behaviour.wrap({
        value: this.#behaviour.select(payload, ref),
        revision: this.#revisionOf(version),
        createdAtMs: this.#behaviour.createdAtMs(version),
      });
    } catch (error) {
      throw this.#behaviour.failure(error, payload);
    }
  }

  #revisionOf(version: Version): string {
    const revision = this.#behaviour.revision(version, this.#id);
    const known = this.#known.get(revision);
    if (known === undefined || known.number < version.number) this.#known.set(revision, version);
    return revision;
  }

  #compare(a: string, b: string): number | undefined {
    const [first, second] = [this.#known.get(a), this.#known.get(b)];
    return first && second && this.#behaviour.compare(first, second);
  }

  async #version(ref: SecretRef, signal: AbortSignal, earlier?: string): Promise<Version> {
    const given = ref.location.name;
    if (given === undefined) throw this.#behaviour.error('nowhere');
    this.#lastName = given;
    await this.#turn(signal);
    const name = this.#behaviour.mixesReads ? this.#lastName : given;
    if (this.#memory.disturbance !== undefined) throw this.#behaviour.error(this.#memory.disturbance);
    if (this.#memory.denied.has(name)) throw this.#behaviour.error('denial');
    const versions = this.#memory.versions.get(name) ?? [];
    const version =
      earlier !== undefined
        ? this.#behaviour.earlier(versions, (one) => this.#behaviour.revision(one, this.#id) === earlier)
        : ref.pin === undefined
          ? versions.at(-1)
          : this.#behaviour.pinned(versions, ref.pin);
    if (version === undefined) throw this.#behaviour.error('missing');
    return version;
  }

  async #probe(refs: readonly SecretRef[], { signal }: CallOptions): Promise<ReadonlyMap<string, ProbeResult>> {
    const answer = new Map<string, ProbeResult>();
    await this.#turn(signal);
    for (const ref of refs) {
      try {
        const version = await this.#version(ref, signal);
        const revision = this.#behaviour.probedRevision(version, this.#revisionOf(version));
        answer.set(refKey(ref), { kind: 'marker', marker: this.#behaviour.marker(version), revision });
      } catch (error) {
        answer.set(refKey(ref), { kind: 'failed', error: ProviderError.from(error, 'the probe failed') });
      }
    }
    return this.#behaviour.probed(answer);
  }

  #onHint(listener: () => void): () => void {
    if (this.#behaviour.sendsHints) this.#memory.listeners.add(listener);
    return () => {
      if (!this.#behaviour.keepsListeners) this.#memory.listeners.delete(listener);
    };
  }

  /** Waits one turn of the event loop, or until the memory no longer hangs. Rejects when the call is aborted. */
  async #turn(signal: AbortSignal): Promise<void> {
    const answered = this.#memory.released ?? new Promise<void>((resolve) => setImmediate(resolve));
    const cut = AbortSignal.any(this.#behaviour.heedsAbort ? [signal, this.#closing.signal] : [this.#closing.signal]);
    await new Promise<void>((resolve, reject) => {
      const abort = () => reject(new ProviderError('UNAVAILABLE', 'cut off', { cause: cut.reason }));
      if (cut.aborted) abort();
      cut.addEventListener('abort', abort, { once: true });
      void answered.then(resolve);
    });
  }
}

/** All capabilities: the memory provider has every one. */
export const everyCapability = {
  bytes: true,
  pins: true,
  outage: true,
  hang: true,
  drip: true,
  denial: true,
  login: true,
  throttling: true,
  exactNumbers: true,
  digestRevisions: true,
  createdAt: true,
  markers: true,
  hints: true,
  oldRevisions: true,
  order: true,
} as const satisfies Record<Capability, true>;

/** A small provider in memory, correct except for the parts that `mutation` replaces. */
export function createMemoryHarness(mutation: Partial<Behaviour> = {}): Harness<typeof everyCapability> {
  const behaviour = { ...rightBehaviour, ...mutation };
  const memory = new Memory();
  const opened: MemoryProvider[] = [];
  const disturb = (disturbance: NonNullable<Memory['disturbance']>) => ({
    async start() {
      memory.disturbance = disturbance;
    },
    async end() {
      if (behaviour.recovers) memory.disturbance = undefined;
    },
  });
  const silence = {
    async start() {
      memory.released = new Promise((resolve) => {
        memory.release = resolve;
      });
    },
    async end() {
      memory.release();
      memory.released = undefined;
    },
  };
  return {
    largestValueBytes: 499 * 1024,
    async open() {
      const instance = new MemoryProvider(memory, behaviour);
      opened.push(instance);
      return instance;
    },
    async write(name, payload) {
      memory.write(name, stored(payload));
    },
    async delete(name) {
      memory.versions.delete(name);
    },
    ref: (name, options = {}) => ({ provider: 'memory', location: { name }, encoding: 'raw', ...options }),
    async tearDown() {
      for (const instance of opened) instance.endTimers();
    },
    bytes: { write: async (name, bytes) => memory.write(name, { kind: 'bytes', bytes }) },
    pins: {
      current: async (name) => String(memory.versions.get(name)?.at(-1)?.number),
      missing: '999999',
    },
    outage: disturb('outage'),
    login: disturb('login'),
    throttling: disturb('throttling'),
    hang: silence,
    // In memory there are no partial responses, so dripping is the same as hanging.
    drip: silence,
    denial: {
      async start(name) {
        memory.denied.add(name);
      },
      async end(name) {
        memory.denied.delete(name);
      },
    },
  };
}

function stored(payload: StoredPayload): Payload {
  return 'text' in payload
    ? { kind: 'bytes', bytes: Buffer.from(payload.text) }
    : { kind: 'fields', fields: payload.fields };
}
