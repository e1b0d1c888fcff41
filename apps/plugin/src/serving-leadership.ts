import type { CallOptions } from '@vault-swarm/provider';
import type { Leadership, Role } from '@vault-swarm/rotation';

/**
 * Of two plugins on the leader node, only the one that serves the engine is the leader. The standby passes on its
 * delivery records and keeps its cache warm.
 */
export class ServingLeadership implements Leadership {
  readonly #node: Leadership;
  readonly #serves: () => boolean;

  constructor(node: Leadership, serves: () => boolean) {
    this.#node = node;
    this.#serves = serves;
  }

  async role(options: CallOptions): Promise<Role> {
    const role = await this.#node.role(options);
    return role === 'leader' && !this.#serves() ? 'standby' : role;
  }
}
