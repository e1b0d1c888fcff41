import { sandboxDirectory } from '../process/sandbox.ts';
import type { Engine } from './engine.ts';
import { type EngineOptions, type OwnEngine, startEngine } from './engine.ts';
import { importImage, labImage } from './image.ts';

/** Starts an engine, makes it a Swarm of one manager, and gives it {@link labImage}. */
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
  /** The driver's name: the plugin's PLUGIN_NAME. Creating the secret fails (after 15 s) if it does not answer. */
  readonly driver: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Creates a secret; resolves to its id. */
export async function createDriverSecret(engine: Engine, { name, driver, labels = {} }: DriverSecret): Promise<string> {
  const flags = Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]);
  return (await engine.dockerBytes('secret', 'create', '--driver', driver, ...flags, name)).toString().trim();
}

/** How Swarm replaces a service's tasks; what is not given is Swarm's default, the delay aside. */
export interface UpdateConfig {
  readonly parallelism?: number;
  readonly order?: 'start-first' | 'stop-first';
  /** With its unit, as `0s`. */
  readonly delay?: string;
  /** How long a new task is watched, with its unit; 1s if not given, so that a test is not held up. */
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
  /** Further flags of `docker service create`. */
  readonly flags?: readonly string[];
  /** What runs instead of the image's own command. */
  readonly command?: readonly string[];
}

/** Creates a service without waiting for its tasks; resolves to its id. */
export async function createService(engine: Engine, options: ServiceOptions): Promise<string> {
  const { name, replicas = 1, secrets = [], image = labImage, labels = {}, updateConfig = {}, flags = [] } = options;
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

/** One task, as a test checks it. */
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

/** All tasks that Swarm still knows of a service (name or id), those that ended included, oldest first. */
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

/** The tasks of a service that run and are meant to, each with its container. */
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

/** What was read, by engine, container and secret. */
const readSecrets = new WeakMap<Engine, Map<string, Buffer>>();

/**
 * The bytes of a secret in a container. They never change in it, so they are read once: who waits for a value would otherwise
 * keep a core busy with `docker exec`.
 */
export async function readSecret(engine: Engine, containerId: string, name: string): Promise<Buffer> {
  const known = readSecrets.get(engine) ?? new Map<string, Buffer>();
  readSecrets.set(engine, known);
  const key = `${containerId} ${name}`;
  const bytes = known.get(key) ?? (await engine.dockerBytes('exec', containerId, 'cat', `/run/secrets/${name}`));
  known.set(key, bytes);
  return bytes;
}
