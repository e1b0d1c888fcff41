import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/** The driver of the secrets in the hostile Swarm. */
const PLUGIN_NAME = 'vault-secrets-plugin';

/** The content of the next responses of engine and providers. Every string may be hostile. */
export interface Hostile {
  readonly labels: readonly Readonly<Record<string, string>>[];
  readonly secretName: string;
  readonly serviceName: string;
  /** The texts of the engine: errors of tasks, updates and calls. */
  readonly words: string;
  /** The status of the engine's answers to writes, and of the providers'. */
  readonly engineStatus: number;
  readonly providerStatus: number;
  /** The texts of providers besides values: errors, names of fields, times, versions, locations. */
  readonly providerWords: string;
  /** The number of more secrets, each with a service that uses it, all with the longest names that Swarm accepts. */
  readonly others: number;
}

/** Harmless content. */
export const CALM: Hostile = {
  labels: [],
  secretName: 'db',
  serviceName: 'web',
  words: '',
  engineStatus: 200,
  providerStatus: 404,
  providerWords: '',
  others: 0,
};

/** An engine, a Vault, an AWS and a directory of files with the texts of {@link HostileWorld.hostile}. */
export class HostileWorld {
  hostile: Hostile = CALM;
  readonly #directory: string;
  readonly #servers: Server[] = [];
  readonly #streams = new Set<ServerResponse>();
  #ledger: string | null = null;
  #provider = '';

  private constructor(directory: string) {
    this.#directory = directory;
  }

  static async start(): Promise<HostileWorld> {
    const world = new HostileWorld(await mkdtemp(join(tmpdir(), 'hostile-')));
    await mkdir(join(world.#directory, 'files'));
    await world.#listen((request, response) => world.#answerAsEngine(request, response), world.#engine);
    const provider = await world.#listen((request, response) => world.#answerAsProvider(request, response), 0);
    world.#provider = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
    return world;
  }

  /** The environment of a plugin in this world. */
  get variables(): Readonly<Record<string, string>> {
    return {
      PLUGIN_NAME,
      PLUGIN_SOCKET: this.socket,
      DOCKER_HOST: `unix://${this.#engine}`,
      SECRETS_PROVIDER: 'vault,aws,file',
      VAULT_ADDR: this.#provider,
      VAULT_TOKEN: 'hvs.a-token',
      AWS_ENDPOINT_URL: this.#provider,
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'not-a-secret',
      FILE_SECRETS_DIR: join(this.#directory, 'files'),
      LEDGER_KEY: 'a key that is long enough for a test of texts',
      MONITORING_PORT: '0',
      VAULT_ROTATION_INTERVAL: '1h',
      LOG_LEVEL: 'debug',
    };
  }

  /** The path for the plugin's socket. */
  get socket(): string {
    return join(this.#directory, 'driver.sock');
  }

  /** Sets the content of the next responses. */
  async become(hostile: Hostile): Promise<void> {
    this.hostile = hostile;
    const fields = { [hostile.providerWords]: 1, [`${hostile.providerWords}2`]: null };
    await writeFile(join(this.#directory, 'files', 'fields.json'), JSON.stringify(fields));
    await writeFile(join(this.#directory, 'files', 'text.json'), `{"a": "${hostile.providerWords}`);
    for (const stream of this.#streams) stream.write('{"Type":"service"}\n');
  }

  async stop(): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections();
      server.close();
    }
    await rm(this.#directory, { recursive: true, force: true });
  }

  get #engine(): string {
    return join(this.#directory, 'docker.sock');
  }

  async #listen(
    answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
    at: string | number,
  ): Promise<Server> {
    const server = createServer((request, response) => {
      answer(request, response).catch(() => response.destroy());
    });
    this.#servers.push(server);
    if (typeof at === 'string') server.listen(at);
    else server.listen(at, '127.0.0.1');
    await once(server, 'listening');
    return server;
  }

  async #answerAsEngine(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { engineStatus, words } = this.hostile;
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    if (path === '/events') {
      this.#streams.add(response.on('close', () => this.#streams.delete(response)));
      response.flushHeaders();
      return;
    }
    if (request.method === 'POST') {
      const body = JSON.parse(await text(request));
      if (path === '/configs/create') this.#ledger = body.Labels['vault-swarm.ledger'];
      const isWritten = path.startsWith('/configs/') || engineStatus < 300;
      if (path.startsWith('/configs/')) this.#ledger = body.Labels['vault-swarm.ledger'];
      send(response, isWritten ? 200 : engineStatus, isWritten ? { ID: 'ledger' } : { message: words });
      return;
    }
    const found = path === '/info' && engineStatus === 500 ? undefined : this.#engineObject(path);
    if (found === undefined) send(response, path === '/info' ? 500 : 404, { message: words });
    else send(response, 200, found);
  }

  #engineObject(path: string): unknown {
    const { labels, secretName, words, others } = this.hostile;
    const secrets = labels.map((given, index) => secretOf(`secret-${index}`, `${secretName}${index}`, given, words));
    const names = Array.from({ length: others }, (_, index) => String(index).padStart(64, 'x'));
    if (path === '/info') return { Swarm: { NodeID: 'n1', LocalNodeState: 'active', ControlAvailable: true } };
    if (path === '/nodes/n1') return { ManagerStatus: { Leader: true } };
    if (path === '/nodes') return [{ ID: 'n1', Status: { State: 'ready' }, Spec: { Availability: 'active' } }];
    if (path === '/secrets') return [...secrets, ...names.map((name) => secretOf(name, name, { rotate: words }))];
    const service = this.#service('service-1', this.hostile.serviceName, secrets);
    if (path === '/services') return [service, ...names.map((name) => this.#service(name, name, [{ ID: name }]))];
    if (path === '/services/service-1') return service;
    if (path === '/tasks') {
      return ['running', 'pending', 'failed'].map((State, index) => ({
        ID: `task-${index}`,
        ServiceID: 'service-1',
        NodeID: 'n1',
        CreatedAt: '2026-01-01T00:00:00Z',
        DesiredState: 'running',
        Spec: {},
        Status: { State, Err: words, Message: words },
      }));
    }
    if (this.#ledger === null || !path.startsWith('/configs/')) return undefined;
    return { ID: 'ledger', Version: { Index: 1 }, Spec: { Labels: { 'vault-swarm.ledger': this.#ledger } } };
  }

  #service(id: string, name: string, secrets: readonly { readonly ID: string }[]): unknown {
    return {
      ID: id,
      Version: { Index: 1 },
      Spec: {
        Name: name,
        Mode: { Replicated: { Replicas: 1 } },
        TaskTemplate: { ContainerSpec: { Secrets: secrets.map(({ ID }) => ({ SecretID: ID })) } },
      },
      UpdateStatus: { State: 'paused', Message: this.hostile.words, StartedAt: '2026-01-01T00:00:00Z' },
    };
  }

  async #answerAsProvider(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { providerStatus: status, providerWords: words } = this.hostile;
    const body = await text(request);
    const target = request.headers['x-amz-target'];
    if (target !== undefined) {
      const { SecretId: Name } = JSON.parse(body);
      const value = { Name, ARN: words, VersionId: words, SecretString: `{${JSON.stringify(words)}: 1}` };
      send(response, status === 200 ? 200 : 400, status === 200 ? value : { __type: words, message: words });
      return;
    }
    const path = decodeURIComponent((request.url ?? '').replace(/^\/v1\//, '').replace(/\?.*/, ''));
    if (path === 'auth/token/lookup-self') return send(response, 200, { data: { ttl: 0, renewable: false } });
    if (path.startsWith('sys/internal/ui/mounts/') && status !== 400) {
      const mount = `${path.slice('sys/internal/ui/mounts/'.length)}/`;
      return send(response, 200, { data: { type: 'kv', path: mount, options: { version: '2' } } });
    }
    if (status === 307) response.setHeader('Location', encodeURI(`ftp://${words.slice(0, 1_000).toWellFormed()}`));
    const data = { data: { [words]: words, [`${words}2`]: 1 }, metadata: { version: 1, created_time: words } };
    send(response, status, status === 200 ? { data } : { errors: [words], warnings: [words] });
  }
}

function secretOf(id: string, name: string, labels: Readonly<Record<string, string>>, option = '') {
  const Options = option === '' ? null : { [option]: option };
  return { ID: id, Spec: { Name: name, Labels: labels, Driver: { Name: PLUGIN_NAME, Options } } };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}
