import { type Labels, type RotateMode, refKey } from '@vault-swarm/provider';
import { isOfRef, type SecretVersion, untagRevision } from '@vault-swarm/rotation/ledger-format';
import { isBadFor } from '../failing.ts';
import { simulatedLabels } from '../simulated-labels.ts';
import type { SimulatedProvider } from '../simulated-provider.ts';
import type { SimulatedService } from '../swarm/service.ts';
import type { SimulatedSwarm } from '../swarm/simulated-swarm.ts';

/** A secret as a service uses it, in truth. */
export interface TrueBinding {
  readonly name: string;
  readonly path: string;
  /** Of the ref that the labels name. */
  readonly refKey: string;
  /** What a task that asks now is given; `undefined` where there is nothing. */
  readonly text: string | undefined;
  /** Whether the plugin may roll for it by itself. */
  readonly isAuto: boolean;
  readonly rotate: RotateMode;
  readonly isPinned: boolean;
}

/** A value of the label `rotate` that there is not. */
export const UNREADABLE = 'perhaps';

/** By the labels that can't be read: what they would be without the mistake. */
const readable = new WeakMap<Labels, Labels>();

/** Labels that can't be read say what they said before, and that nothing may be rolled. */
function readableOf(labels: Labels): Labels {
  if (labels.rotate !== UNREADABLE) return labels;
  const known = readable.get(labels) ?? { ...labels, rotate: 'off' };
  readable.set(labels, known);
  return known;
}

interface Written {
  readonly atMs: number;
  readonly text: string | null;
}

/** The provider and the Swarm as they are, and the time. */
export interface World {
  readonly provider: SimulatedProvider;
  readonly swarm: SimulatedSwarm;
  /** Milliseconds since the run started. */
  readonly timeMs: number;
}

/** What the provider had, when, and what each service's tasks should hold: known without the plugin. */
export class GroundTruth {
  readonly #world: World;
  /** By path, oldest first. */
  readonly #written = new Map<string, Written[]>();
  /** By secret: the labels that it had, and until when, oldest first. */
  readonly #relabelled = new Map<string, { readonly labels: Labels; readonly untilMs: number }[]>();

  constructor(world: World) {
    this.#world = world;
  }

  /** A secret has other labels from now on. */
  relabelled(secretId: string, labels: Labels): void {
    const list = this.#relabelled.get(secretId) ?? [];
    this.#relabelled.set(secretId, [...list, { labels, untilMs: this.#world.timeMs }]);
  }

  /** When a secret last got other labels; 0 if it never did. */
  relabelledAtMs(secretId: string): number {
    return this.#relabelled.get(secretId)?.at(-1)?.untilMs ?? 0;
  }

  /** The provider has something else for a path: `null` for nothing. */
  wrote(path: string, text: string | null): void {
    const list = this.#written.get(path) ?? [];
    this.#written.set(path, [...list, { atMs: this.#world.timeMs, text }]);
  }

  /** Every text that a path ever had. */
  textsOf(path: string): readonly string[] {
    return (this.#written.get(path) ?? []).flatMap(({ text }) => (text === null ? [] : [text]));
  }

  /** The text of a version in the ledger; `undefined` if it is of another ref than the binding's. */
  textAt({ path, refKey }: TrueBinding, version: SecretVersion | undefined): string | undefined {
    if (version === undefined || !isOfRef(version, refKey)) return undefined;
    return this.#world.provider.textOfRevision(path, untagRevision(version.revision));
  }

  /** Texts that a path had at some time since then. */
  textsSince(path: string, sinceMs: number): readonly (string | null)[] {
    const list = this.#written.get(path) ?? [];
    return list
      .filter((_, index) => (list[index + 1]?.atMs ?? Number.POSITIVE_INFINITY) >= sinceMs)
      .map(({ text }) => text);
  }

  /** When a path last got another text. */
  changedAtMs(path: string): number {
    const list = this.#written.get(path) ?? [];
    return list.findLast(({ text }, index) => text !== list[index - 1]?.text)?.atMs ?? 0;
  }

  /** When a path was last written, also with the same text. */
  writtenAtMs(path: string): number {
    return this.#written.get(path)?.at(-1)?.atMs ?? 0;
  }

  /** When a path last lost the text that it had before the present one: there may have been none in between. */
  lostEarlierAtMs(path: string): number {
    const list = this.#written.get(path) ?? [];
    const changed = list.findLastIndex(({ text }, index) => text !== list[index - 1]?.text);
    const before = list[changed - 1];
    return before?.text === null ? before.atMs : (list[changed]?.atMs ?? 0);
  }

  /** Whether a path was ever deleted. */
  wasDeleted(path: string): boolean {
    return (this.#written.get(path) ?? []).some(({ text }) => text === null);
  }

  /** The secrets of a service, as their labels say now. */
  bindingsOf(service: Pick<SimulatedService, 'name' | 'spec'>): readonly TrueBinding[] {
    return service.spec.secretIds.flatMap((id) => {
      const secret = this.#world.swarm.secret(id);
      return secret === undefined ? [] : [this.#bindingOf(service.name, secret.name, secret.labels)];
    });
  }

  /** The secrets of a service, as labels said that they had at some time since then and have no more. */
  formerBindingsOf(service: Pick<SimulatedService, 'name' | 'spec'>, sinceMs: number): readonly TrueBinding[] {
    return service.spec.secretIds.flatMap((id) => {
      const secret = this.#world.swarm.secret(id);
      const former = (this.#relabelled.get(id) ?? []).filter(({ untilMs }) => untilMs >= sinceMs);
      return secret === undefined ? [] : former.map(({ labels }) => this.#bindingOf(service.name, secret.name, labels));
    });
  }

  #bindingOf(serviceName: string, name: string, labels: Labels): TrueBinding {
    const { ref, rotate } = simulatedLabels.read(readableOf(labels), name, serviceName);
    const isPinned = ref.pin !== undefined;
    const path = ref.location.path ?? '';
    const text = this.#world.provider.textOf(path, ref.pin);
    return { name, path, refKey: refKey(ref), text, rotate, isPinned, isAuto: rotate === 'auto' && !isPinned };
  }

  /** Whether the labels of a secret can be read. */
  isReadable(secretId: string): boolean {
    return this.#world.swarm.secret(secretId)?.labels.rotate !== UNREADABLE;
  }

  /** Whether the version that a secret of the service is pinned to makes its tasks fail. */
  isPinnedToBad(service: Pick<SimulatedService, 'name' | 'spec'>): boolean {
    return this.bindingsOf(service).some(({ text, isPinned }) => {
      return isPinned && text !== undefined && isBadFor(text, service.name);
    });
  }

  /** The secrets of a service whose current value makes its tasks fail. */
  badBindings(service: Pick<SimulatedService, 'name' | 'spec'>): readonly TrueBinding[] {
    return this.bindingsOf(service).filter(({ path, isPinned }) => {
      const text = this.#world.provider.textOf(path);
      return !isPinned && text !== undefined && isBadFor(text, service.name);
    });
  }
}
