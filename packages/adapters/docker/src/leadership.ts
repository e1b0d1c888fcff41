import { displayText } from '@vault-swarm/kernel';
import type { CallOptions } from '@vault-swarm/provider';
import type { Leadership, Role } from '@vault-swarm/rotation';
import type { DockerConnection } from './connection.ts';
import { DockerError } from './docker-error.ts';
import type { EngineInfo, EngineManager } from './engine-types.ts';
import { wholeText } from './json-stream.ts';

/** This node's role in the Swarm. While there is no leader, both calls may take until their deadline. */
export class DockerLeadership implements Leadership {
  readonly #connection: DockerConnection;

  constructor(connection: DockerConnection) {
    this.#connection = connection;
  }

  /** @throws {DockerError} also if the engine is in no Swarm, or its Swarm is locked; the message says what to do. */
  async role({ signal }: CallOptions): Promise<Role> {
    const { Swarm: swarm = {} } = await this.#get<EngineInfo>('/info', signal);
    if (swarm.LocalNodeState !== 'active') throw new DockerError(notActive(swarm.LocalNodeState, swarm.Error));
    if (swarm.ControlAvailable !== true) return 'worker';
    const node = await this.#get<EngineManager>(`/nodes/${swarm.NodeID}`, signal);
    return node.ManagerStatus?.Leader === true ? 'leader' : 'standby';
  }

  async #get<T>(path: string, signal: AbortSignal): Promise<T> {
    return JSON.parse(await this.#connection.call({ method: 'GET', path, signal }, wholeText));
  }
}

function notActive(state: string | undefined, reason: string | undefined): string {
  if (state === 'locked') return 'the Swarm of this engine is locked; run `docker swarm unlock` on this node';
  if (state === 'pending') return 'this engine is still joining its Swarm; the plugin tries again';
  if (state === 'error') return `the engine says that its Swarm is broken: ${displayText(reason ?? 'no reason given')}`;
  return 'this engine is in no Swarm; run `docker swarm init` on it, or `docker swarm join` with a manager token';
}
