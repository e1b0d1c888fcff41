import { BoundedMap } from '@vault-swarm/kernel';
import type { Issued } from './issuing.ts';
import type { LeaseSet } from './lease-document.ts';

/** Which set a task was given is remembered for this many tasks. */
const MAX_GIVEN = 50_000;

/** The values of the sets that this process issued, and which set it gave to which task. They are in memory only. */
export class HeldLeases {
  /** By set id. */
  readonly #values = new Map<string, Issued>();
  /** By task and lease key: the id of the set. */
  readonly #given = new BoundedMap<string>({ maxEntries: MAX_GIVEN, maxKeyLength: 40_000_000 });
  /** The sets with values that a task was given. */
  readonly #claimed = new Set<string>();
  #isLockedDown = false;

  /** Whether a lockdown is active: no task is given what another one has. */
  get isLockedDown(): boolean {
    return this.#isLockedDown;
  }

  /** Starts or ends a lockdown. At its start all values are dropped. */
  lockDown(active: boolean): void {
    this.#isLockedDown = active;
    if (active) this.clear();
  }

  /** Keeps the values of a new set. */
  add(issued: Issued): void {
    this.#values.set(issued.set.id, issued);
  }

  /** Records that a task was given a set. */
  gave(taskId: string, { leaseKey, id }: LeaseSet): void {
    this.#given.set(givenKey(taskId, leaseKey), id);
    if (this.#values.has(id)) this.#claimed.add(id);
  }

  /** The id of the set that this process gave to a task. */
  givenTo(taskId: string, leaseKey: string): string | undefined {
    return this.#given.get(givenKey(taskId, leaseKey));
  }

  /** The values that this process gave to a task, unless they ended or are not held any more. */
  valuesGivenTo(taskId: string, leaseKey: string, nowMs: number): Issued | undefined {
    const values = this.#values.get(this.givenTo(taskId, leaseKey) ?? '');
    return values === undefined || hasEnded(values.set, nowMs) ? undefined : values;
  }

  /** The values of those sets that have not ended and may be given to a further task, as far as this process has them. */
  valuesOf(sets: readonly LeaseSet[], nowMs: number): readonly Issued[] {
    return sets.flatMap((set) => {
      const mayBeGiven = !hasEnded(set, nowMs) && !(this.#isLockedDown && this.#claimed.has(set.id));
      return mayBeGiven ? (this.#values.get(set.id) ?? []) : [];
    });
  }

  /** Forgets the values of a set. */
  drop(setId: string): void {
    this.#values.delete(setId);
    this.#claimed.delete(setId);
  }

  /** Forgets the values of all sets but these. */
  keep(setIds: ReadonlySet<string>): void {
    for (const id of this.#values.keys()) if (!setIds.has(id)) this.drop(id);
  }

  /** Forgets all values. */
  clear(): void {
    this.#values.clear();
    this.#claimed.clear();
  }
}

/** Whether the end of a set has passed. @param nowMs since 1970. */
export function hasEnded({ endMs }: LeaseSet, nowMs: number): boolean {
  return endMs !== null && endMs <= nowMs;
}

function givenKey(taskId: string, key: string): string {
  return `${taskId} ${key}`;
}
