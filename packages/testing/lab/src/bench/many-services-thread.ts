// The thread of a fake Docker engine: see many-services.ts.
import { createServer, request, type ServerResponse } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';
import { DRIVER } from './bench.ts';
import type { ManyServicesCounts, ManyServicesData } from './many-services.ts';

const {
  socketPath,
  services: serviceCount,
  tasks: tasksEach,
  secretsPerService,
  secrets,
}: ManyServicesData = workerData;

/** The pause between the start of a task and the replacement of the next one, and the monitoring time at the end of an update. */
const NEXT_TASK_MS = 50;
const MONITOR_MS = 300;
/** The pause before a retry if the driver does not answer. */
const ASK_AGAIN_MS = 200;
const NODE = {
  ID: 'node-1',
  Version: { Index: 10 },
  Spec: { Role: 'manager', Availability: 'active' },
  Status: { State: 'ready' },
  ManagerStatus: { Leader: true },
};
const INFO = { Swarm: { NodeID: NODE.ID, LocalNodeState: 'active', ControlAvailable: true } };

interface Spec {
  readonly Name: string;
  readonly TaskTemplate: {
    readonly ForceUpdate: number;
    readonly ContainerSpec: { readonly Secrets: readonly Used[] };
  };
}

interface Used {
  readonly SecretID: string;
  readonly SecretName: string;
}

interface Service {
  readonly ID: string;
  Version: { readonly Index: number };
  Spec: Spec;
  UpdateStatus?: { readonly State: string; readonly StartedAt: string };
}

let index = 1_000;
const next = () => ({ Index: ++index });
const started = new Date().toISOString();
const stamps = { CreatedAt: started, UpdatedAt: started };
const counts = { taskLists: 0, bytes: 0, updated: 0, updatingAtMost: 0 };
let updating = 0;
let driver = '';

const secretObjects = secrets.map(({ name, labels }) => ({
  ID: `id-of-${name}`,
  Version: next(),
  ...stamps,
  Spec: { Name: name, Labels: labels, Driver: { Name: DRIVER } },
}));
const services = Array.from({ length: serviceCount }, (_, nth): Service => {
  const used = Array.from({ length: secretsPerService }, (_, each) => {
    // All services share the first secret.
    const secret = secrets[each === 0 ? 0 : (nth * secretsPerService + each) % secrets.length];
    const name = secret?.name ?? '';
    return { File: { Name: name, UID: '0', GID: '0', Mode: 292 }, SecretID: `id-of-${name}`, SecretName: name };
  });
  const template = {
    ContainerSpec: { Image: `registry.example.com/team/app:1@sha256:${'a'.repeat(64)}`, Env: ['A=1'], Secrets: used },
    Resources: { Limits: {}, Reservations: {} },
    Placement: { Platforms: [{ Architecture: 'amd64', OS: 'linux' }] },
    ForceUpdate: 0,
    Runtime: 'container',
  };
  const Spec = { Name: `service-${nth}`, Mode: { Replicated: { Replicas: tasksEach } }, TaskTemplate: template };
  return { ID: `service-${nth}`, Version: next(), ...stamps, Spec };
});
/** The JSON of each service and task, from which lists are assembled. */
const serviceTexts = services.map((service) => JSON.stringify(service));
const taskTexts = services.map((service, nth) =>
  Array.from({ length: tasksEach }, (_, slot) => taskText(service, nth, slot, started, 'running')),
);
const configs = new Map<string, { readonly ID: string; readonly Version: object; readonly Spec: { Name?: string } }>();

function taskText({ ID, Spec }: Service, nth: number, slot: number, createdAt: string, State: string): string {
  return JSON.stringify({
    ID: taskId(nth, slot, Spec.TaskTemplate.ForceUpdate),
    Version: next(),
    CreatedAt: createdAt,
    UpdatedAt: createdAt,
    Spec: Spec.TaskTemplate,
    ServiceID: ID,
    Slot: slot + 1,
    NodeID: NODE.ID,
    Status: { Timestamp: createdAt, State },
    DesiredState: 'running',
  });
}

function taskId(nth: number, slot: number, generation: number): string {
  return `task-${nth}-${slot}-${generation}`;
}

/** The engine requests the secrets of one node's tasks one at a time. */
let asking: Promise<void> = Promise.resolve();

function askFor(service: Service, task: string): Promise<void> {
  asking = asking.then(async () => {
    for (const { SecretName } of service.Spec.TaskTemplate.ContainerSpec.Secrets) {
      const labels = secrets.find(({ name }) => name === SecretName)?.labels;
      const asked = { SecretName, SecretLabels: labels, ServiceID: service.ID, ServiceName: service.Spec.Name };
      while (!(await isAnswered(JSON.stringify({ ...asked, TaskID: task, NodeID: NODE.ID }))))
        await after(ASK_AGAIN_MS);
    }
  });
  return asking;
}

function isAnswered(body: string): Promise<boolean> {
  return new Promise((resolve) => {
    const call = request({ socketPath: driver, path: '/SecretProvider.GetSecret', method: 'POST' }, (answer) => {
      answer.resume();
      answer.once('close', () => resolve(answer.statusCode === 200));
    });
    call.once('error', () => resolve(false));
    call.end(body);
  });
}

function after(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

async function update(service: Service, spec: Spec): Promise<void> {
  const nth = services.indexOf(service);
  const StartedAt = new Date().toISOString();
  const becomes = (State: string) => {
    Object.assign(service, { Version: next(), Spec: spec, UpdateStatus: { State, StartedAt } });
    serviceTexts[nth] = JSON.stringify(service);
  };
  updating += 1;
  counts.updatingAtMost = Math.max(counts.updatingAtMost, updating);
  becomes('updating');
  for (let slot = 0; slot < tasksEach; slot++) {
    const createdAt = new Date().toISOString();
    const showTask = (state: string) => {
      (taskTexts[nth] ?? [])[slot] = taskText(service, nth, slot, createdAt, state);
    };
    // The driver may ask the engine for the task whose secrets are requested.
    showTask('assigned');
    await askFor(service, taskId(nth, slot, spec.TaskTemplate.ForceUpdate));
    showTask('running');
    await after(NEXT_TASK_MS);
  }
  await after(MONITOR_MS);
  becomes('completed');
  updating -= 1;
  counts.updated += 1;
}

createServer(async (asked, answer) => {
  let body = '';
  for await (const chunk of asked) body += chunk;
  const url = new URL(asked.url ?? '/', 'http://engine');
  const [kind = '', id, verb] = url.pathname.split('/').slice(1);
  const isWrite = asked.method === 'POST';
  if (kind === 'events') return void answer.writeHead(200).flushHeaders();
  if (kind === '_ping') return send(answer, 'OK');
  if (kind === 'info') return send(answer, JSON.stringify(INFO));
  if (kind === 'nodes') return send(answer, JSON.stringify(id === undefined ? [NODE] : NODE));
  if (kind === 'secrets') return send(answer, JSON.stringify(secretObjects));
  if (kind === 'tasks' && id === undefined) {
    const filters = JSON.parse(url.searchParams.get('filters') ?? '{}') as Readonly<Record<string, readonly string[]>>;
    const ids = filters.service;
    // A pass asks for the tasks that should run. Those of one service are requested for its failures.
    if (filters['desired-state'] !== undefined) counts.taskLists += 1;
    const found = ids === undefined ? taskTexts : taskTexts.filter((_, nth) => ids.includes(services[nth]?.ID ?? ''));
    return send(answer, `[${found.flat().join(',')}]\n`);
  }
  if (kind === 'tasks')
    return send(
      answer,
      taskTexts.flat().find((text) => text.includes(`"ID":"${id}"`)),
    );
  if (kind === 'services') {
    if (id === undefined) return send(answer, `[${serviceTexts.join(',')}]\n`);
    const service = services.find(({ ID }) => ID === id);
    if (service === undefined || verb !== 'update') return send(answer, JSON.stringify(service));
    if (url.searchParams.get('version') !== String(service.Version.Index)) return outOfSequence(answer);
    void update(service, JSON.parse(body));
    return send(answer, '{}');
  }
  if (kind !== 'configs') return send(answer, undefined);
  if (isWrite && id === 'create') {
    const ID = `config-${configs.size + 1}`;
    configs.set(ID, { ID, Version: next(), Spec: JSON.parse(body) });
    return send(answer, JSON.stringify({ ID }));
  }
  if (id === undefined) return send(answer, JSON.stringify([...configs.values()]));
  const config = [...configs.values()].find(({ ID, Spec }) => ID === id || Spec.Name === id);
  if (config === undefined || verb !== 'update') return send(answer, JSON.stringify(config));
  if (url.searchParams.get('version') !== String((config.Version as { Index: number }).Index))
    return outOfSequence(answer);
  configs.set(config.ID, { ID: config.ID, Version: next(), Spec: JSON.parse(body) });
  return send(answer, '{}');
}).listen(socketPath, () => parentPort?.postMessage('ready'));

parentPort?.on('message', ({ drivenBy }: { readonly drivenBy?: string }) => {
  if (drivenBy !== undefined) driver = drivenBy;
  else parentPort?.postMessage({ ...counts } satisfies ManyServicesCounts);
});

function send(answer: ServerResponse, text: string | undefined): void {
  const content = Buffer.from(text ?? '{"message":"not found"}');
  counts.bytes += content.length;
  answer.writeHead(text === undefined ? 404 : 200, { 'Content-Type': 'application/json' }).end(content);
}

function outOfSequence(answer: ServerResponse): void {
  answer.writeHead(500, { 'Content-Type': 'application/json' });
  answer.end('{"message":"rpc error: code = Unknown desc = update out of sequence"}');
}
