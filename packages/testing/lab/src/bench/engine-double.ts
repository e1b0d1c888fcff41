import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { DRIVER } from './bench.ts';
import type { BenchSecret } from './catalog.ts';
import type { LabelTemplate } from './label-template.ts';

/** The parts of a Docker engine that a plugin uses: one manager, leader or not, and services that never change. */
export interface EngineDouble {
  /** As in DOCKER_HOST. */
  readonly host: string;
  /**
   * Replaces the driver's secrets, and the services `service-0`, `service-1` and so on that use them. `shape` gives the
   * number of services, which then share the secrets; by default as many as the secrets need, with one task each.
   */
  use(secrets: readonly BenchSecret[], shape?: ServicesShape): void;
  /** The number of requested service updates; all of them are rejected. */
  serviceUpdates(): number;
  close(): void;
}

/** The number of services, of tasks in each, and of secrets in each ({@link SECRETS_PER_SERVICE} if not given). */
interface ServicesShape {
  readonly services: number;
  readonly tasks: number;
  readonly secretsEach?: number;
}

interface Config {
  readonly ID: string;
  readonly Version: { readonly Index: number };
  readonly Spec: { readonly Name?: string };
}

interface Objects {
  readonly secrets: readonly object[];
  readonly services: readonly object[];
  readonly tasks: readonly object[];
}

/** The number of secrets in each service and task. */
export const SECRETS_PER_SERVICE = 10;
const NODE_ID = 'node-1';
const INFO = { Swarm: { NodeID: NODE_ID, LocalNodeState: 'active', ControlAvailable: true } };

/**
 * Starts a fake on a unix socket.
 * @param leads whether its manager is the leader; true if not given.
 */
export async function startEngineDouble(
  socketPath: string,
  labels: LabelTemplate,
  { leads = true }: { readonly leads?: boolean } = {},
): Promise<EngineDouble> {
  const node = {
    ID: NODE_ID,
    Spec: { Availability: 'active' },
    Status: { State: 'ready' },
    ManagerStatus: { Leader: leads },
  };
  let objects: Objects = { secrets: [], services: [], tasks: [] };
  const configs = new Map<string, Config>();
  let index = 100;
  let serviceUpdates = 0;

  const writeConfig = (id: string, spec: Config['Spec']) => {
    index++;
    configs.set(id, { ID: id, Version: { Index: index }, Spec: spec });
    return { ID: id };
  };
  const find = (list: readonly object[], id: string) => list.find((each) => 'ID' in each && each.ID === id) ?? notFound;
  const answerTo = (method: string, path: string, query: URLSearchParams, body: string): unknown => {
    const [kind = '', id, verb] = path.split('/').slice(1);
    const isWrite = method === 'POST';
    switch (kind) {
      case '_ping':
        return 'OK';
      case 'info':
        return INFO;
      case 'nodes':
        return id === undefined ? [node] : node;
      case 'secrets':
      case 'tasks':
        return id === undefined ? objects[kind] : find(objects[kind], id);
      case 'services':
        if (isWrite) serviceUpdates++;
        return isWrite ? notFound : id === undefined ? objects.services : find(objects.services, id);
      case 'configs': {
        if (isWrite && id === 'create') return writeConfig(`config-${configs.size + 1}`, JSON.parse(body));
        if (id === undefined) return [...configs.values()];
        const config = [...configs.values()].find(({ ID, Spec }) => ID === id || Spec.Name === id);
        if (config === undefined) return notFound;
        if (verb !== 'update') return config;
        if (query.get('version') !== String(config.Version.Index)) return outOfSequence;
        writeConfig(config.ID, JSON.parse(body));
        return {};
      }
      default:
        return notFound;
    }
  };
  const server = createServer(async (asked, answer) => {
    let body = '';
    for await (const chunk of asked) body += chunk;
    const url = new URL(asked.url ?? '/', 'http://engine');
    const path = url.pathname.replace(/^\/v\d+\.\d+(?=\/)/, '');
    // Nothing changes, so the stream of events sends only its headers.
    if (path === '/events') answer.writeHead(200).flushHeaders();
    else send(answer, answerTo(asked.method ?? 'GET', path, url.searchParams, body));
  });
  server.listen(socketPath);
  await once(server, 'listening');
  return {
    host: `unix://${socketPath}`,
    use: (secrets, shape = { services: Math.ceil(secrets.length / SECRETS_PER_SERVICE), tasks: 1 }) => {
      objects = describe(secrets, labels, shape);
    },
    serviceUpdates: () => serviceUpdates,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const notFound = { status: 404, message: 'not found' };
const outOfSequence = { status: 500, message: 'rpc error: code = Unknown desc = update out of sequence' };

function send(answer: ServerResponse, content: unknown): void {
  const refusal = content === notFound || content === outOfSequence ? (content as typeof notFound) : undefined;
  answer.writeHead(refusal?.status ?? 200, { 'Content-Type': 'application/json', 'Api-Version': '1.41' });
  answer.end(typeof content === 'string' ? content : JSON.stringify(content));
}

function describe(secrets: readonly BenchSecret[], labels: LabelTemplate, shape: ServicesShape): Objects {
  const now = new Date().toISOString();
  const stamps = { Version: { Index: 10 }, CreatedAt: now, UpdatedAt: now };
  const size = Math.min(shape.secretsEach ?? SECRETS_PER_SERVICE, secrets.length);
  const ofServices = Array.from({ length: shape.services }, (_, nth) => {
    const from = (nth * size) % secrets.length;
    return [...secrets, ...secrets].slice(from, from + size);
  });
  const template = (used: readonly BenchSecret[]) => ({
    ContainerSpec: {
      Image: 'app:latest',
      Secrets: used.map(({ name }) => ({ File: { Name: name }, SecretID: `id-of-${name}`, SecretName: name })),
    },
    ForceUpdate: 0,
    Runtime: 'container',
  });
  return {
    secrets: secrets.map((secret) => ({
      ID: `id-of-${secret.name}`,
      ...stamps,
      Spec: { Name: secret.name, Labels: labels(secret), Driver: { Name: DRIVER } },
    })),
    services: ofServices.map((used, nth) => ({
      ID: `id-of-service-${nth}`,
      ...stamps,
      Spec: { Name: `service-${nth}`, Mode: { Replicated: { Replicas: shape.tasks } }, TaskTemplate: template(used) },
    })),
    tasks: ofServices.flatMap((used, nth) =>
      Array.from({ length: shape.tasks }, (_, slot) => ({
        ID: `task-${nth}-${slot}`,
        ...stamps,
        ServiceID: `id-of-service-${nth}`,
        NodeID: NODE_ID,
        Slot: slot + 1,
        DesiredState: 'running',
        Spec: template(used),
        Status: { State: 'running', Timestamp: now },
      })),
    ),
  };
}
