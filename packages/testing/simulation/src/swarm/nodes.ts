/** What may be with a node: `down` is lost, `drained` shall run nothing. */
export type NodeState = 'ready' | 'down' | 'drained';

/** The nodes of a Swarm, and which of them a new task is put on. */
export class Nodes {
  readonly #names: readonly string[];
  readonly #states: Map<string, NodeState>;
  #next = 0;

  constructor(names: readonly string[]) {
    this.#names = names;
    this.#states = new Map(names.map((name) => [name, 'ready']));
  }

  set(node: string, state: NodeState): void {
    this.#states.set(node, state);
  }

  get count(): number {
    return this.#names.length;
  }

  /** The node of a global service's slot. */
  ofSlot(slot: number): string {
    const name = this.#names[slot];
    if (name === undefined) throw new Error(`there is no node for slot ${slot}`);
    return name;
  }

  /** The slots of a global service whose nodes run nothing now. */
  absentSlots(): readonly number[] {
    return this.#names.flatMap((name, slot) => (this.isReady(name) ? [] : slot));
  }

  slotOf(node: string): number {
    return this.#names.indexOf(node);
  }

  isReady(node: string): boolean {
    return this.#states.get(node) === 'ready';
  }

  /** The nodes that are ready, one after the other; `null` where there is none. */
  pick(): string | null {
    const ready = [...this.#states.keys()].filter((node) => this.isReady(node));
    return ready[this.#next++ % ready.length] ?? null;
  }
}
