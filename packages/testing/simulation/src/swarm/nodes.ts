/** What may be with a node: `down` is lost, `drained` shall run nothing. */
export type NodeState = 'ready' | 'down' | 'drained';

/** The nodes of a Swarm, and which of them a new task is put on. */
export class Nodes {
  readonly #states: Map<string, NodeState>;
  #next = 0;

  constructor(names: readonly string[]) {
    this.#states = new Map(names.map((name) => [name, 'ready']));
  }

  set(node: string, state: NodeState): void {
    this.#states.set(node, state);
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
