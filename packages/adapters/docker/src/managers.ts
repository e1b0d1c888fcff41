import { displayText } from '@vault-swarm/kernel';
import {
  type CallOptions,
  isLosslessJsonObject,
  type LosslessJson,
  type LosslessJsonObject,
  parseLosslessJson,
} from '@vault-swarm/provider';
import type {
  ListedManager,
  ManagerAdvice,
  ManagerDirectory,
  PluginAnnouncement,
  PluginKind,
  WriteOutcome,
} from '@vault-swarm/rotation';
import { type DockerConnection, MAX_LIST_BYTES } from './connection.ts';
import { managerAdvice } from './docker-advice.ts';
import { DockerError, isMissing, isOutOfSequence } from './docker-error.ts';
import type { EngineInfo, EngineManager, EngineTask } from './engine-types.ts';
import { wholeText } from './json-stream.ts';
import { announcementLabel, announcementText, parseAnnouncement } from './plugin-announcement.ts';
import { withoutTag } from './plugin-name.ts';

/** A Swarm has few managers; a plugin is in few services. */
const MAX_SERVICES = 20;
/** A task in one of these states has a container that was started. */
const STARTED = new Set(['starting', 'running']);

/** The dependencies, besides a connection. */
export interface DockerManagersOptions {
  /** The driver's name; a tag is ignored. */
  readonly pluginName: string;
  /** The id of the container that this process is in; `null` if it is in none. */
  readonly containerId: string | null;
  /** Whether this process is a managed plugin. Its engine does not tell in the first 20 s. */
  readonly isManaged: boolean;
}

/**
 * The managers of the Swarm. A plugin announces itself in a label of its node: only one plugin writes it, so many
 * managers do not get in each other's way. A worker's engine can't write: the label of a demoted manager stays.
 */
export class DockerManagers implements ManagerDirectory {
  readonly advice: ManagerAdvice;
  readonly #connection: DockerConnection;
  readonly #pluginName: string;
  readonly #containerId: string | null;
  readonly #ownKind: PluginKind;
  readonly #label: string;

  constructor(connection: DockerConnection, { pluginName, containerId, isManaged }: DockerManagersOptions) {
    this.#connection = connection;
    this.#pluginName = withoutTag(pluginName);
    this.#containerId = containerId;
    this.#ownKind = isManaged ? 'managed' : 'process';
    this.#label = announcementLabel(pluginName);
    this.advice = managerAdvice(this.#pluginName);
  }

  async list(options: CallOptions): Promise<readonly ListedManager[]> {
    const self = await this.#ownNode(options);
    if (self === null) return [];
    const nodes = await this.#get<readonly EngineManager[]>('/nodes', options, { role: ['manager'] });
    const announced = nodes.map((node) => ({ node, announcement: this.#announcementOf(node) }));
    const services = announced.flatMap(({ announcement }) => announcement?.serviceId ?? []);
    const nodesWithTask = await this.#nodesWithTask([...new Set(services)].slice(0, MAX_SERVICES), options);
    return announced
      .map(({ node, announcement }) => ({
        id: node.ID,
        name: displayText(node.Description?.Hostname || node.ID),
        isLeader: node.ManagerStatus?.Leader === true,
        isUp: node.Status?.State === 'ready' && node.ManagerStatus?.Reachability === 'reachable',
        isSelf: node.ID === self,
        changedAtMs: node.UpdatedAt === undefined ? null : Date.parse(node.UpdatedAt),
        announcement,
        isConfirmed: this.#isConfirmed(node, announcement, nodesWithTask),
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async ownKind(options: CallOptions): Promise<Pick<PluginAnnouncement, 'kind' | 'serviceId'>> {
    const self = this.#containerId === null ? null : await this.#ownNode(options);
    if (self !== null) {
      const tasks = await this.#get<readonly EngineTask[]>('/tasks', options, { node: [self] });
      const own = tasks.find(({ Status }) => Status?.ContainerStatus?.ContainerID === this.#containerId);
      if (own?.ServiceID !== undefined) return { kind: 'service', serviceId: own.ServiceID };
    }
    return { kind: this.#ownKind, serviceId: null };
  }

  async announce(managerId: string, announcement: PluginAnnouncement, { signal }: CallOptions): Promise<WriteOutcome> {
    const id = encodeURIComponent(managerId);
    const read = { method: 'GET', path: `/nodes/${id}`, signal } as const;
    const node = parseLosslessJson(await this.#connection.call(read, wholeText));
    const { Version, Spec } = isLosslessJsonObject(node) ? node : {};
    if (!isLosslessJsonObject(Version) || !isLosslessJsonObject(Spec)) {
      throw new DockerError('the engine described a node without version or spec');
    }
    const body = { ...Spec, Labels: { ...objectOf(Spec.Labels), [this.#label]: announcementText(announcement) } };
    try {
      const query = { version: numberOf(Version.Index) };
      await this.#connection.call({ method: 'POST', path: `/nodes/${id}/update`, query, body, signal }, wholeText);
      return 'applied';
    } catch (error) {
      // The role, the availability or another label was changed at the same time.
      if (isOutOfSequence(error)) return 'conflict';
      throw error;
    }
  }

  #announcementOf({ Spec: spec }: EngineManager): PluginAnnouncement | null {
    return parseAnnouncement(spec?.Labels?.[this.#label]);
  }

  #isConfirmed(
    node: EngineManager,
    announcement: PluginAnnouncement | null,
    nodesWithTask: ReadonlySet<string>,
  ): boolean | null {
    if (this.#isManaged(node)) return true;
    if (announcement === null || announcement.kind === 'process') return null;
    if (announcement.kind === 'managed') return false;
    return nodesWithTask.has(`${announcement.serviceId} ${node.ID}`);
  }

  /** The engine of a node lists its enabled managed plugins. */
  #isManaged({ Description: description }: EngineManager): boolean {
    return (
      description?.Engine?.Plugins?.some(
        ({ Type: type, Name: name = '' }) => type === 'secretprovider' && withoutTag(name) === this.#pluginName,
      ) === true
    );
  }

  /** `SERVICE NODE` of each started task of these services. */
  async #nodesWithTask(services: readonly string[], options: CallOptions): Promise<ReadonlySet<string>> {
    const lists = await Promise.all(
      services.map(async (service) => {
        try {
          return await this.#get<readonly EngineTask[]>('/tasks', options, {
            service: [service],
            'desired-state': ['running'],
          });
        } catch (error) {
          // The service was removed.
          if (isMissing(error)) return [];
          throw error;
        }
      }),
    );
    return new Set(
      lists.flat().flatMap(({ ServiceID, NodeID, Status }) => {
        return STARTED.has(Status?.State ?? '') ? [`${ServiceID} ${NodeID}`] : [];
      }),
    );
  }

  async #ownNode(options: CallOptions): Promise<string | null> {
    const { Swarm: swarm = {} } = await this.#get<EngineInfo>('/info', options);
    return swarm.LocalNodeState === 'active' && swarm.ControlAvailable === true ? (swarm.NodeID ?? null) : null;
  }

  async #get<T>(
    path: string,
    { signal }: CallOptions,
    filters?: Readonly<Record<string, readonly string[]>>,
  ): Promise<T> {
    const query = filters === undefined ? {} : { filters };
    return JSON.parse(
      await this.#connection.call({ method: 'GET', path, query, maxBytes: MAX_LIST_BYTES, signal }, wholeText),
    );
  }
}

function objectOf(value: LosslessJson | undefined): LosslessJsonObject {
  return isLosslessJsonObject(value) ? value : {};
}

function numberOf(value: LosslessJson | undefined): number {
  return typeof value === 'object' && value !== null && 'rawJSON' in value ? Number(value.rawJSON) : 0;
}
