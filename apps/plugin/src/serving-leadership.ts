import type { CallOptions } from '@vault-swarm/provider';
import type { Leadership, Role } from '@vault-swarm/rotation';

/**
 * Of two plugins on the leading node, only the one whom the engine asks leads. The other one stands by: it hands over
 * what it answered, and keeps the values available.
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
