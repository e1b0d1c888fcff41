import {
  type CallOptions,
  type ProbeResult,
  ProviderError,
  type ProviderInstance,
  refKey,
  type SecretRef,
  type SecretRevision,
  SecretValue,
} from '@vault-swarm/provider';

interface Version {
  readonly text: string;
  readonly revision: string;
  readonly createdAtMs: number;
}

interface Path {
  /** How often it was deleted: its versions count from 1 again afterwards. */
  life: number;
  /** Oldest first; empty while it is deleted. */
  versions: Version[];
}

/** What a provider can do. */
export interface ProviderAbilities {
  /** Whether replaced versions can still be read. */
  readonly keepsVersions: boolean;
  /** Whether there is a cheaper question than to read. */
  readonly hasProbe: boolean;
  /** Whether it tells when it made a version. */
  readonly tellsTime: boolean;
}

/** A provider in memory, whose values are numbered as they are written. */
export class SimulatedProvider {
  readonly #now: () => number;
  readonly #paths = new Map<string, Path>();
  readonly abilities: ProviderAbilities;
  /** While set, every call rejects with it. */
  outage: ProviderError | null = null;
  reads = 0;
  /** Told of every change of what a path has: `null` where that is nothing. */
  onWrite: (path: string, text: string | null) => void = () => undefined;

  /** @param now the provider's own wall clock. */
  constructor(now: () => number, abilities: Partial<ProviderAbilities> = {}) {
    this.#now = now;
    this.abilities = { keepsVersions: true, hasProbe: true, tellsTime: false, ...abilities };
  }

  write(path: string, text: string): void {
    const found = this.#paths.get(path) ?? { life: 0, versions: [] };
    this.#paths.set(path, found);
    const life = found.life === 0 ? '' : `+${found.life}`;
    const revision = `v${found.versions.length + 1}${life}`;
    found.versions.push({ text, revision, createdAtMs: this.#now() });
    this.onWrite(path, text);
  }

  /** Deletes it with all of its versions. */
  delete(path: string): void {
    const found = this.#paths.get(path);
    if (found === undefined) return;
    found.life += 1;
    found.versions = [];
    this.onWrite(path, null);
  }

  /** The value that a task which asks now is given, or that of a pinned version, which counts from 1. */
  textOf(path: string, pin?: string): string | undefined {
    const versions = this.#paths.get(path)?.versions ?? [];
    return (pin === undefined ? versions.at(-1) : versions[Number(pin) - 1])?.text;
  }

  /** The provider's ports. */
  get instance(): ProviderInstance {
    const { keepsVersions, hasProbe } = this.abilities;
    return {
      name: 'vault',
      hints: null,
      secrets: { read: async (ref, options) => this.read(ref, options) },
      probe: hasProbe ? { probe: async (refs, options) => this.probe(refs, options) } : null,
      revisions: keepsVersions
        ? { readRevision: async (ref, revision, options) => this.readRevision(ref, revision, options) }
        : null,
      close: async () => undefined,
    };
  }

  read(ref: SecretRef, { signal }: CallOptions): SecretRevision {
    this.reads += 1;
    this.#answer(signal);
    const { versions } = this.#paths.get(pathOf(ref)) ?? { versions: [] };
    return this.#give(ref.pin === undefined ? versions.at(-1) : versions[Number(ref.pin) - 1]);
  }

  readRevision(ref: SecretRef, revision: string, { signal }: CallOptions): SecretRevision {
    this.#answer(signal);
    return this.#give(this.#paths.get(pathOf(ref))?.versions.find((version) => version.revision === revision));
  }

  probe(refs: readonly SecretRef[], { signal }: CallOptions): ReadonlyMap<string, ProbeResult> {
    signal.throwIfAborted();
    return new Map(
      refs.map((ref): [string, ProbeResult] => {
        if (this.outage !== null) return [refKey(ref), { kind: 'failed', error: this.outage }];
        const marker = this.#paths.get(pathOf(ref))?.versions.at(-1)?.revision ?? 'none';
        return [refKey(ref), { kind: 'marker', marker }];
      }),
    );
  }

  #give(version: Version | undefined): SecretRevision {
    if (version === undefined) throw new ProviderError('NOT_FOUND', 'there is no such secret');
    const { text, revision, createdAtMs } = version;
    const value = SecretValue.fromText(text);
    return this.abilities.tellsTime ? { value, revision, createdAtMs } : { value, revision };
  }

  #answer(signal: AbortSignal): void {
    signal.throwIfAborted();
    if (this.outage !== null) throw this.outage;
  }
}

function pathOf(ref: SecretRef): string {
  return ref.location.path ?? '';
}
