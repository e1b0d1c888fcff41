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
import { SimulatedLeases } from './simulated-leases.ts';

interface Version {
  readonly text: string;
  readonly revision: string;
  readonly createdAtMs: number;
}

/** What a path had from a moment on. */
interface State {
  readonly sinceMs: number;
  /** Oldest first; empty while it is deleted. */
  readonly versions: readonly Version[];
}

interface Path {
  /** How often it was deleted or restored: its versions have other names afterwards. */
  life: number;
  /** Oldest first. */
  readonly states: State[];
}

/** A replica of the provider that lags behind. */
export interface Replica {
  readonly lagMs: number;
  /** Whether it answers a call, rather than the provider itself. */
  readonly answers: (call: 'read' | 'probe') => boolean;
}

/** What a provider can do. */
export interface ProviderAbilities {
  /** Whether replaced versions can still be read. */
  readonly keepsVersions: boolean;
  /** Whether there is a cheaper question than to read. */
  readonly hasProbe: boolean;
  /** Whether its probe says that it names the revisions. */
  readonly namesRevisions: boolean;
  /** Whether it tells when it made a version. */
  readonly tellsTime: boolean;
  /** Whether it tells which of two revisions is older: of all, of none of them, or it has no replicas to start with. */
  readonly orders: 'all' | 'none' | 'no replicas';
}

/** A provider in memory, whose values are numbered as they are written. */
export class SimulatedProvider {
  readonly #now: () => number;
  readonly #paths = new Map<string, Path>();
  readonly abilities: ProviderAbilities;
  /** Its engine that issues credentials. */
  readonly leases: SimulatedLeases;
  /** While set, every call rejects with it. */
  outage: ProviderError | null = null;
  /** Only where it orders all revisions. */
  replica: Replica | null = null;
  reads = 0;
  /** Reads and probes. */
  calls = 0;
  /** Called for every ref that is read or probed, with an answer or without. */
  onRead: (ref: SecretRef) => void = () => undefined;
  /** Called for every change of what a path has: `null` if it has nothing. */
  onWrite: (path: string, text: string | null) => void = () => undefined;

  /** @param now the provider's own wall clock. */
  constructor(now: () => number, abilities: Partial<ProviderAbilities> = {}) {
    this.#now = now;
    this.leases = new SimulatedLeases(now, () => this.outage);
    const usual = {
      keepsVersions: true,
      hasProbe: true,
      namesRevisions: false,
      tellsTime: false,
      orders: 'all',
    } as const;
    this.abilities = { ...usual, ...abilities };
  }

  write(path: string, text: string): void {
    const found = this.#paths.get(path) ?? { life: 0, states: [] };
    this.#paths.set(path, found);
    const versions = this.#versions(path);
    const life = found.life === 0 ? '' : `+${found.life}`;
    const revision = `v${versions.length + 1}${life}`;
    this.#set(path, [...versions, { text, revision, createdAtMs: this.#now() }]);
  }

  /** Deletes it with all of its versions. */
  delete(path: string): void {
    this.#goBack(path, 0);
  }

  /** Takes the newest version back, as an administrator does who restores a snapshot. Returns whether there is one before it. */
  restore(path: string): boolean {
    const { length } = this.#versions(path);
    if (length < 2) return false;
    this.#goBack(path, length - 1);
    return true;
  }

  /** The value that a task which asks now is given, or that of a pinned version, which counts from 1. */
  textOf(path: string, pin?: string): string | undefined {
    const versions = this.#versions(path);
    return (pin === undefined ? versions.at(-1) : versions[Number(pin) - 1])?.text;
  }

  /** The text of any revision that a path ever had. */
  textOfRevision(path: string, revision: string): string | undefined {
    const states = this.#paths.get(path)?.states ?? [];
    for (const { versions } of states) {
      const found = versions.find((version) => version.revision === revision);
      if (found !== undefined) return found.text;
    }
    return undefined;
  }

  /** Whether a revision can still be read. */
  keeps(path: string, revision: string): boolean {
    const versions = this.#versions(path);
    if (!this.abilities.keepsVersions) return versions.at(-1)?.revision === revision;
    return versions.some((version) => version.revision === revision);
  }

  /** Whether a path had the one revision later than the other, as after a snapshot was restored. */
  hadLater(path: string, revision: string, other: string): boolean {
    const had = (this.#paths.get(path)?.states ?? []).map(({ versions }) => versions.at(-1)?.revision);
    return had.lastIndexOf(revision) > had.lastIndexOf(other);
  }

  /** The provider's ports. */
  get instance(): ProviderInstance {
    const { keepsVersions, hasProbe, namesRevisions, orders } = this.abilities;
    return {
      name: 'vault',
      hints: null,
      leases: this.leases,
      holders: this.leases.holders,
      order: orders === 'no replicas' ? null : { compare: orders === 'all' ? compareRevisions : () => undefined },
      secrets: { read: async (ref, options) => this.read(ref, options) },
      probe: hasProbe ? { namesRevisions, probe: async (refs, options) => this.probe(refs, options) } : null,
      revisions: keepsVersions
        ? { readRevision: async (ref, revision, options) => this.readRevision(ref, revision, options) }
        : null,
      close: async () => undefined,
    };
  }

  read(ref: SecretRef, { signal }: CallOptions): SecretRevision {
    this.reads += 1;
    this.onRead(ref);
    this.#answer(signal);
    if (ref.lease !== undefined) throw new Error('what is issued is never read');
    const versions = this.#answered(ref, 'read');
    return this.#give(ref.pin === undefined ? versions.at(-1) : versions[Number(ref.pin) - 1]);
  }

  readRevision(ref: SecretRef, revision: string, { signal }: CallOptions): SecretRevision {
    this.onRead(ref);
    this.#answer(signal);
    return this.#give(this.#answered(ref, 'read').find((version) => version.revision === revision));
  }

  probe(refs: readonly SecretRef[], { signal }: CallOptions): ReadonlyMap<string, ProbeResult> {
    signal.throwIfAborted();
    this.calls += 1;
    for (const ref of refs) this.onRead(ref);
    return new Map(refs.map((ref): [string, ProbeResult] => [refKey(ref), this.#probe(ref)]));
  }

  #probe(ref: SecretRef): ProbeResult {
    if (this.outage !== null) return { kind: 'failed', error: this.outage };
    const revision = this.#answered(ref, 'probe').at(-1)?.revision;
    const changes = this.#paths.get(pathOf(ref))?.states.length;
    // As the time of a file is another one after each change, though it may be changed back.
    if (this.abilities.orders === 'no replicas') return { kind: 'marker', marker: `${revision} ${changes}` };
    return revision === undefined ? { kind: 'marker', marker: 'none' } : { kind: 'marker', marker: revision, revision };
  }

  /** The versions of a ref's path, as the replica that answers the call has them. */
  #answered(ref: SecretRef, call: 'read' | 'probe'): readonly Version[] {
    const { replica } = this;
    const lagMs = replica !== null && this.abilities.orders === 'all' && replica.answers(call) ? replica.lagMs : 0;
    const atMs = this.#now() - lagMs;
    const states = this.#paths.get(pathOf(ref))?.states ?? [];
    return states.findLast(({ sinceMs }) => lagMs === 0 || sinceMs <= atMs)?.versions ?? [];
  }

  #versions(path: string): readonly Version[] {
    return this.#paths.get(path)?.states.at(-1)?.versions ?? [];
  }

  #set(path: string, versions: readonly Version[]): void {
    this.#paths.get(path)?.states.push({ sinceMs: this.#now(), versions });
    this.onWrite(path, versions.at(-1)?.text ?? null);
  }

  /** Only the oldest versions are left, and those that follow have names that none has had. */
  #goBack(path: string, length: number): void {
    const found = this.#paths.get(path);
    if (found === undefined) return;
    found.life += 1;
    this.#set(path, this.#versions(path).slice(0, length));
  }

  #give(version: Version | undefined): SecretRevision {
    if (version === undefined) throw new ProviderError('NOT_FOUND', 'there is no such secret');
    const { text, revision, createdAtMs } = version;
    const value = SecretValue.fromText(text);
    return this.abilities.tellsTime ? { value, revision, createdAtMs } : { value, revision };
  }

  #answer(signal: AbortSignal): void {
    this.calls += 1;
    signal.throwIfAborted();
    if (this.outage !== null) throw this.outage;
  }
}

function pathOf(ref: SecretRef): string {
  return ref.location.path ?? '';
}

/** Negative if `a` was made before `b`, of one path: versions that were made after it was deleted or restored are newer than all before. */
export function compareRevisions(a: string, b: string): number {
  const [first, second] = [a, b].map((revision) => revision.slice(1).split('+').map(Number));
  return (first?.[1] ?? 0) - (second?.[1] ?? 0) || (first?.[0] ?? 0) - (second?.[0] ?? 0);
}
