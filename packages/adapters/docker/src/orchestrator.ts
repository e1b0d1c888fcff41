import { errorMessage } from '@vault-swarm/kernel';
import {
  type CallOptions,
  isLosslessJsonObject,
  type LosslessJson,
  type LosslessJsonObject,
  parseLosslessJson,
} from '@vault-swarm/provider';
import {
  type FailedTask,
  type Orchestrator,
  type RollOptions,
  RolloutRejected,
  type Workload,
  type WorkloadSecret,
  type WorkloadSnapshot,
  type WorkloadTask,
  type WriteOutcome,
} from '@vault-swarm/rotation';
import { type DockerConnection, MAX_LIST_BYTES } from './connection.ts';
import { displayName } from './display-name.ts';
import { dockerAdvice } from './docker-advice.ts';
import { DockerError, isMissing, isOutOfSequence, isRefusal } from './docker-error.ts';
import type { EngineNode, EngineSecret, EngineService, EngineTask } from './engine-types.ts';
import { isFailure, restartsAmong, toFailedTask } from './failed-task.ts';
import { listElements, wholeText } from './json-stream.ts';
import { KnownElements } from './known-elements.ts';
import {
  asKept,
  isOurs,
  type ServiceRecord,
  type TaskRecord,
  toSecret,
  toServiceRecord,
  toTask,
  toTaskRecord,
  toWorkload,
  type UsedSecrets,
  usedSecrets,
} from './snapshot.ts';

/** Desired states of living tasks; `complete` is that of a job's task. */
const LIVING = ['running', 'ready', 'accepted', 'complete'];
/** The engine looks up each service of a filter. With more services than this, reading all tasks is faster. */
const MAX_FILTERED_SERVICES = 20;

const NO_NODES: ReadonlySet<string> = new Set();

interface OurSecrets {
  readonly secrets: readonly WorkloadSecret[];
  readonly ids: ReadonlySet<string>;
}

/** What was observed of a service, and the workload made of it. */
interface Observed {
  readonly service: ServiceRecord;
  readonly tasks: readonly TaskRecord[];
  readonly workload: Workload;
}

/** Returns the identical workload as before if nothing changed. */
function observedAs(
  service: ServiceRecord,
  used: UsedSecrets,
  tasks: readonly TaskRecord[],
  before: Observed | undefined,
): Observed {
  const isSame =
    before?.service === service &&
    hasSame(used.secretIds, before.workload.secretIds) &&
    hasSame(used.formerSecretIds, before.workload.formerSecretIds) &&
    hasSame(tasks, before.tasks);
  return isSame ? before : { service, tasks, workload: toWorkload(service, used, tasks) };
}

function hasSame<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((element, index) => element === b[index]);
}

/** The Swarm's services that use our secrets. A snapshot has the tasks that run or should run. */
export class DockerOrchestrator implements Orchestrator {
  readonly displayName = displayName;
  readonly advice = dockerAdvice;
  readonly #connection: DockerConnection;
  readonly #secrets: KnownElements<WorkloadSecret | null>;
  readonly #services = new KnownElements((service) => toServiceRecord(service as EngineService));
  readonly #tasks = new KnownElements((task) => toTaskRecord(task as EngineTask));
  #latestSecrets: OurSecrets = { secrets: [], ids: new Set() };
  /** By service id. */
  #observed = new Map<string, Observed>();

  /** @param pluginName the driver's name of our secrets; tags are ignored. */
  constructor(connection: DockerConnection, pluginName: string) {
    this.#connection = connection;
    this.#secrets = new KnownElements((element) => {
      const secret = element as EngineSecret;
      return isOurs(secret, pluginName) ? toSecret(secret) : null;
    });
  }

  async observe({ signal }: CallOptions): Promise<WorkloadSnapshot> {
    const [secrets, services] = await Promise.all([
      this.#read('/secrets', this.#secrets, signal),
      this.#read('/services', this.#services, signal),
    ]);
    const ours = this.#ours(secrets);
    const using = services
      .map((service) => ({ service, used: usedSecrets(service, ours.ids) }))
      .filter(({ used }) => used.secretIds.length + used.formerSecretIds.length > 0);
    // Tasks are read after the services, so a task's generation is never older than its service's.
    const [tasks, pausedNodes] = await Promise.all([
      this.#tasksOfAll(new Set(using.map(({ service }) => service.id)), signal),
      using.some(({ service }) => service.isGlobal) ? this.#pausedNodes(signal) : NO_NODES,
    ]);
    const before = this.#observed;
    this.#observed = new Map();
    const workloads = using.map(({ service, used }) => {
      const found = tasks.get(service.id) ?? [];
      const isKept = ({ nodeId }: TaskRecord) => service.isGlobal && pausedNodes.has(nodeId);
      const ofService = found.some(isKept) ? found.map((task) => (isKept(task) ? asKept(task) : task)) : found;
      const observed = observedAs(service, used, ofService, before.get(service.id));
      this.#observed.set(service.id, observed);
      return observed.workload;
    });
    return { secrets: ours.secrets, services: workloads };
  }

  async #pausedNodes(signal: AbortSignal): Promise<ReadonlySet<string>> {
    const nodes = await this.#list<EngineNode>('/nodes', signal);
    return new Set(nodes.flatMap(({ ID, Spec }) => (Spec?.Availability === 'pause' ? [ID] : [])));
  }

  async findTask(taskId: string, { signal }: CallOptions): Promise<WorkloadTask | null> {
    signal.throwIfAborted();
    // With an empty id, the path would be that of another call.
    if (taskId === '') return null;
    try {
      const path = `/tasks/${encodeURIComponent(taskId)}`;
      const task = JSON.parse(await this.#connection.call({ method: 'GET', path, signal }, wholeText)) as EngineTask;
      // The engine also accepts prefixes of ids, and names.
      return task.ID === taskId ? toTask(task) : null;
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }

  async failures(id: string, { signal }: CallOptions): Promise<readonly FailedTask[]> {
    const failed = (await this.#tasksOf(id, signal)).filter((task) => task.ServiceID === id && isFailure(task));
    if (failed.length === 0) return [];
    // Nodes are read after the tasks: a node that made them fail is then shown in its new state.
    const nodes = await this.#list<EngineNode>('/nodes', signal);
    const byId = new Map(nodes.map((node) => [node.ID, node]));
    const restarts = restartsAmong(failed);
    return failed.map((task) => toFailedTask(task, byId.get(task.NodeID ?? ''), restarts.has(task)));
  }

  async roll(id: string, version: number, generation: number, { signal, isDue }: RollOptions): Promise<WriteOutcome> {
    if (!Number.isSafeInteger(generation) || generation < 0) {
      throw new RangeError(`generation ${generation} of service ${id} is not a whole number that can be written`);
    }
    const service = await this.#readService(id, signal);
    if (service === null || service.version !== version || isDue?.() === false) return 'conflict';
    try {
      await this.#connection.call(
        {
          method: 'POST',
          path: `/services/${id}/update`,
          // The tasks continue to pull with the credentials of the service's deployment.
          query: { version, registryAuthFrom: 'spec' },
          body: withGeneration(service.spec, generation),
          signal,
        },
        wholeText,
      );
      return 'applied';
    } catch (error) {
      if (isOutOfSequence(error)) return 'conflict';
      const outcome = await this.#outcomeOf(id, service, generation, signal);
      // Also if a network of the service is missing, not the service.
      if (outcome === 'unknown' && isRefusal(error)) throw new RolloutRejected(errorMessage(error), { cause: error });
      return outcome;
    }
  }

  /** A failed update may still be applied, even later. The current service may show the outcome. */
  async #outcomeOf(id: string, before: ExactService, generation: number, signal: AbortSignal): Promise<WriteOutcome> {
    try {
      const service = await this.#readService(id, signal);
      if (service === null) return 'conflict';
      if (service.version === before.version) return 'unknown';
      const applied = generation === before.generation ? resumes(service, before) : service.generation === generation;
      return applied ? 'applied' : 'conflict';
    } catch {
      return 'unknown';
    }
  }

  async #readService(id: string, signal: AbortSignal): Promise<ExactService | null> {
    try {
      return toExactService(await this.#connection.call({ method: 'GET', path: `/services/${id}`, signal }, wholeText));
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }

  /** All tasks that Swarm still knows of a service, including ended ones; none if the service is gone. */
  async #tasksOf(id: string, signal: AbortSignal): Promise<readonly EngineTask[]> {
    try {
      return await this.#list<EngineTask>('/tasks', signal, { filters: { service: [id] } });
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  async #tasksOfAll(
    services: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, readonly TaskRecord[]>> {
    if (services.size === 0) return new Map();
    const all = { 'desired-state': LIVING };
    if (services.size > MAX_FILTERED_SERVICES) return this.#readTasks(all, services, signal);
    try {
      return await this.#readTasks({ ...all, service: [...services] }, services, signal);
    } catch (error) {
      // One of the services was removed after they were read.
      if (isMissing(error)) return this.#readTasks(all, services, signal);
      throw error;
    }
  }

  async #readTasks(
    filters: Readonly<Record<string, readonly string[]>>,
    services: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, readonly TaskRecord[]>> {
    const found = new Map<string, TaskRecord[]>();
    for (const record of await this.#read('/tasks', this.#tasks, signal, { filters })) {
      if (!services.has(record.serviceId)) continue;
      const ofService = found.get(record.serviceId);
      if (ofService === undefined) found.set(record.serviceId, [record]);
      else ofService.push(record);
    }
    return found;
  }

  #read<T>(
    path: string,
    elements: KnownElements<T>,
    signal: AbortSignal,
    query: Readonly<Record<string, unknown>> = {},
  ): Promise<readonly T[]> {
    const call = { method: 'GET', path, query, maxBytes: MAX_LIST_BYTES, signal } as const;
    return this.#connection.call(call, (body) => elements.read(body));
  }

  /** Our secrets: the identical list as before if none changed. */
  #ours(secrets: readonly (WorkloadSecret | null)[]): OurSecrets {
    const ours = secrets.filter((secret) => secret !== null);
    if (!hasSame(ours, this.#latestSecrets.secrets)) {
      this.#latestSecrets = { secrets: ours, ids: new Set(ours.map(({ id }) => id)) };
    }
    return this.#latestSecrets;
  }

  #list<T>(path: string, signal: AbortSignal, query: Readonly<Record<string, unknown>> = {}): Promise<readonly T[]> {
    return this.#connection.call({ method: 'GET', path, query, maxBytes: MAX_LIST_BYTES, signal }, async (body) => {
      const found: T[] = [];
      for await (const element of listElements(body)) found.push(element as T);
      return found;
    });
  }
}

/** A service whose spec can be written back exactly: all fields, and the digits of its numbers. */
interface ExactService {
  readonly version: number;
  readonly generation: number;
  /** When its latest update started. It changes if the update is resumed. */
  readonly updateStarted: LosslessJson | undefined;
  readonly spec: LosslessJsonObject;
}

function toExactService(text: string): ExactService {
  const { Version, Spec, UpdateStatus } = parseLosslessJson(text) as LosslessJsonObject;
  const taskTemplate = isLosslessJsonObject(Spec) ? Spec.TaskTemplate : undefined;
  if (!isLosslessJsonObject(Version) || !isLosslessJsonObject(Spec) || !isLosslessJsonObject(taskTemplate)) {
    throw new DockerError('the engine described a service without version or task template');
  }
  return {
    version: toNumber(Version.Index),
    generation: toNumber(taskTemplate.ForceUpdate),
    updateStarted: isLosslessJsonObject(UpdateStatus) ? UpdateStatus.StartedAt : undefined,
    spec: Spec,
  };
}

/** Whether writing the same spec would resume a paused update and remove its status. */
function resumes(service: ExactService, before: ExactService): boolean {
  const isPausedStill = before.updateStarted !== undefined && service.updateStarted === before.updateStarted;
  return !isPausedStill && JSON.stringify(service.spec) === JSON.stringify(before.spec);
}

function withGeneration(spec: LosslessJsonObject, generation: number): object {
  return { ...spec, TaskTemplate: { ...(spec.TaskTemplate as LosslessJsonObject), ForceUpdate: generation } };
}

function toNumber(value: LosslessJson | undefined): number {
  return typeof value === 'object' && value !== null && 'rawJSON' in value ? Number(value.rawJSON) : 0;
}
