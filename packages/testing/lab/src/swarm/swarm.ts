import { sandboxDirectory } from '../process/sandbox.ts';
import { readContainerFile } from './container-file.ts';
import type { Engine } from './engine.ts';
import { type EngineOptions, type OwnEngine, startEngine } from './engine.ts';
import { importImage, labImage } from './image.ts';

/** Starts an engine as a Swarm of one manager with {@link labImage}. */
export async function startSwarm(options: EngineOptions): Promise<OwnEngine> {
  sandboxDirectory();
  const engine = await startEngine(options);
  await engine.initSwarm();
  await importImage(engine);
  return engine;
}

/** A secret whose values come from a driver. */
export interface DriverSecret {
  readonly name: string;
  /** The driver's name: the plugin's PLUGIN_NAME. Creating the secret fails after 15 s if the driver does not answer. */
  readonly driver: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Creates a secret; resolves to its id. */
export async function createDriverSecret(engine: Engine, { name, driver, labels = {} }: DriverSecret): Promise<string> {
  const flags = Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]);
  return (await engine.dockerBytes('secret', 'create', '--driver', driver, ...flags, name)).toString().trim();
}

/** How Swarm replaces a service's tasks. Except for `monitor`, Swarm's defaults apply. */
export interface UpdateConfig {
  readonly parallelism?: number;
  readonly order?: 'start-first' | 'stop-first';
  /** With its unit, such as `0s`. */
  readonly delay?: string;
  /** How long Swarm monitors a new task, with its unit; 1s if not given, so that tests are fast. */
  readonly monitor?: string;
  readonly failureAction?: 'pause' | 'continue' | 'rollback';
  readonly maxFailureRatio?: number;
}

/** A service of a test. */
export interface ServiceOptions {
  readonly name: string;
  /** 1 if not given. */
  readonly replicas?: number;
  /** Secrets' names, each a file of that name in /run/secrets. */
  readonly secrets?: readonly string[];
  /** {@link labImage} if not given. */
  readonly image?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly updateConfig?: UpdateConfig;
  /** Whether its tasks have a network of their own. That takes half of the CPU of their start; so only if a test needs it. */
  readonly hasNetwork?: boolean;
  /** More flags of `docker service create`. */
  readonly flags?: readonly string[];
  /** Replaces the image's command. */
  readonly command?: readonly string[];
}

/** Creates a service without waiting for its tasks. Resolves to its id. */
export async function createService(engine: Engine, options: ServiceOptions): Promise<string> {
  const { name, replicas = 1, secrets = [], image = labImage, labels = {}, updateConfig = {}, flags = [] } = options;
  const { hasNetwork = false } = options;
  const { parallelism, order, delay, monitor = '1s', failureAction, maxFailureRatio } = updateConfig;
  const update = {
    parallelism,
    order,
    delay,
    monitor,
    'failure-action': failureAction,
    'max-failure-ratio': maxFailureRatio,
  };
  const id = await engine.dockerBytes(
    ...['service', 'create', '--quiet', '--detach', '--no-resolve-image'],
    ...['--name', name, '--replicas', String(replicas)],
    ...(hasNetwork ? [] : ['--network', 'host']),
    ...secrets.flatMap((secret) => ['--secret', secret]),
    ...Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]),
    ...Object.entries(update).flatMap(([key, value]) =>
      value === undefined ? [] : [`--update-${key}`, String(value)],
    ),
    ...flags,
    image,
    ...(options.command ?? []),
  );
  return id.toString().trim();
}

/** The part of a task's API object that tests read. */
export interface ServiceTask {
  readonly id: string;
  readonly slot: number | undefined;
  readonly nodeId: string | undefined;
  /** `new`, `pending`, … `running`, `complete`, `shutdown`, `failed`, `rejected`, `remove`, `orphaned`. */
  readonly state: string;
  readonly desiredState: string;
  readonly containerId: string | undefined;
  /** The task's generation: its spec's ForceUpdate. */
  readonly generation: number;
  readonly error: string | undefined;
  readonly createdAt: string;
}

interface ApiTask {
  readonly ID: string;
  readonly Slot?: number;
  readonly NodeID?: string;
  readonly CreatedAt: string;
  readonly DesiredState: string;
  readonly Spec: { readonly ForceUpdate?: number };
  readonly Status: {
    readonly State: string;
    readonly Err?: string;
    readonly ContainerStatus?: { readonly ContainerID?: string };
  };
}

/** All tasks of a service (name or id) that Swarm lists, including ended ones, oldest first. */
export async function serviceTasks(engine: Engine, service: string): Promise<ServiceTask[]> {
  const filters = encodeURIComponent(JSON.stringify({ service: [service] }));
  const tasks = (await engine.api('GET', `/tasks?filters=${filters}`)) as ApiTask[];
  return tasks
    .map((task) => ({
      id: task.ID,
      slot: task.Slot,
      nodeId: task.NodeID,
      state: task.Status.State,
      desiredState: task.DesiredState,
      containerId: task.Status.ContainerStatus?.ContainerID,
      generation: task.Spec.ForceUpdate ?? 0,
      error: task.Status.Err,
      createdAt: task.CreatedAt,
    }))
    .sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
}

/** The tasks of a service that run and have the desired state `running`, each with its container. */
export async function runningTasks(
  engine: Engine,
  service: string,
): Promise<(ServiceTask & { readonly containerId: string })[]> {
  return (await serviceTasks(engine, service)).flatMap((task) =>
    task.state === 'running' && task.desiredState === 'running' && task.containerId !== undefined
      ? [{ ...task, containerId: task.containerId }]
      : [],
  );
}

/** Cached values, by engine, container and secret. */
const readSecrets = new WeakMap<Engine, Map<string, Buffer>>();

/**
 * The bytes of a secret in a container. They never change, so they are read once: a test that waits for a value would
 * otherwise keep a core busy.
 */
export async function readSecret(engine: Engine, containerId: string, name: string): Promise<Buffer> {
  const known = readSecrets.get(engine) ?? new Map<string, Buffer>();
  readSecrets.set(engine, known);
  const key = `${containerId} ${name}`;
  const path = `/run/secrets/${name}`;
  const bytes =
    known.get(key) ??
    readContainerFile(containerId, path) ??
    (await engine.dockerBytes('exec', containerId, 'cat', path));
  known.set(key, bytes);
  return bytes;
}
