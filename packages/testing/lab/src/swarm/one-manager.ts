import { join } from 'node:path';
import { freePort } from '../process/free-port.ts';
import { waitFor } from '../process/wait-for.ts';
import { startVault, type Vault } from '../servers/vault.ts';
import type { OwnEngine } from './engine.ts';
import { type PluginProcess, startPlugin } from './plugin-process.ts';
import type { LogEntry } from './plugin-runner.ts';
import type { ShownService } from './plugin-swarm.ts';
import { createDriverSecret, startSwarm } from './swarm.ts';
import { waitForTaskValues } from './task-values.ts';

/** How to start a Swarm of one manager. */
export interface OneManagerOptions {
  readonly dir: string;
  /** PLUGIN_NAME. */
  readonly driver: string;
  /** More environment variables of the plugin. */
  readonly env?: Readonly<Record<string, string>>;
  /** The timeout of all waits, in milliseconds; 90 s if not given. */
  readonly timeoutMs?: number;
}

/** Lines of which there are many, and that explain no failure. */
const ROUTINE = /reconcile\.completed|provider\.request-completed/;

/** A Swarm of one manager, a Vault, and a plugin that tests can restart. */
export class OneManager {
  readonly engine: OwnEngine;
  readonly vault: Vault;
  /** The address of the plugin's monitoring. */
  readonly url: string;
  readonly #options: Required<OneManagerOptions>;
  readonly #port: number;
  #plugin: PluginProcess | null = null;
  #starts = 0;
  #env: Readonly<Record<string, string>> = {};

  private constructor(options: Required<OneManagerOptions>, engine: OwnEngine, vault: Vault, port: number) {
    this.engine = engine;
    this.vault = vault;
    this.url = `http://127.0.0.1:${port}`;
    this.#options = options;
    this.#port = port;
  }

  /** Starts engine and Vault, in about 2 s. The plugin is started by {@link startPlugin}. */
  static async start(options: OneManagerOptions): Promise<OneManager> {
    const [engine, vault, port] = await Promise.all([
      startSwarm({ dir: join(options.dir, 'engine') }),
      startVault({ dir: join(options.dir, 'vault') }),
      freePort(),
    ]);
    return new OneManager({ env: {}, timeoutMs: 90_000, ...options }, engine, vault, port);
  }

  /** The current plugin. */
  get plugin(): PluginProcess {
    if (this.#plugin === null) throw new Error('no plugin was started');
    return this.#plugin;
  }

  /**
   * Starts a plugin. Resolves when its socket answers. The previous one must have ended.
   * @param env more environment variables of this one; those of the previous one if not given.
   */
  async startPlugin(env = this.#env): Promise<void> {
    this.#starts += 1;
    this.#env = env;
    this.#plugin = await startPlugin({
      dir: join(this.#options.dir, `plugin-${this.#starts}`),
      env: {
        PLUGIN_NAME: this.#options.driver,
        DOCKER_HOST: this.engine.host,
        SECRETS_PROVIDER: 'vault',
        VAULT_ADDR: this.vault.addr,
        VAULT_TOKEN: this.vault.rootToken,
        VAULT_ROTATION_INTERVAL: '1s',
        MONITORING_PORT: String(this.#port),
        LOG_LEVEL: 'debug',
        ...this.#options.env,
        ...env,
      },
    });
    await this.#plugin.waitReady();
  }

  /** Kills the plugin and starts another one at once. */
  async restartPlugin(): Promise<void> {
    await this.plugin.kill('SIGKILL');
    await this.startPlugin();
  }

  /** Writes a secret with one field, `password`, to Vault. */
  async write(path: string, password: string): Promise<void> {
    const { status, text } = await this.vault.request('POST', `secret/data/${path}`, { data: { password } });
    if (status !== 200) throw new Error(`Vault rejected ${path}: ${status} ${text}`);
  }

  /** Creates a secret for the field `password` at the path of the same name. Resolves to its id. */
  createSecret(name: string, labels: Readonly<Record<string, string>> = {}): Promise<string> {
    const { driver } = this.#options;
    return createDriverSecret(this.engine, {
      name,
      driver,
      labels: { vault_path: name, vault_field: 'password', ...labels },
    });
  }

  /** Waits until `replicas` tasks of a service run, and all have the value. */
  async reaches(service: string, secret: string, replicas: number, value: string): Promise<void> {
    const { timeoutMs } = this.#options;
    await waitForTaskValues(this.engine, { service, secret, replicas, value, timeoutMs });
  }

  /** A service as the engine's API shows it. */
  async service(name: string): Promise<ShownService> {
    return (await this.engine.api('GET', `/services/${name}`)) as ShownService;
  }

  /** The generation of a service: its `ForceUpdate` counter. */
  async generation(service: string): Promise<number> {
    return (await this.service(service)).Spec.TaskTemplate.ForceUpdate ?? 0;
  }

  /** The log lines of the current plugin about an event, of one service if it is given. */
  logged(event: string, service?: string): readonly LogEntry[] {
    const lines = this.plugin.logs().split('\n').slice(0, -1);
    const entries = lines.map((line) => JSON.parse(line) as LogEntry);
    return entries.filter((entry) => entry.event === event && (service === undefined || entry.service === service));
  }

  /** Waits until the current plugin has logged an event of a service `times` times. */
  async happens(event: string, service: string, times = 1): Promise<void> {
    const { timeoutMs } = this.#options;
    const what = `${event} of ${service}`;
    await waitFor(async () => this.logged(event, service).length >= times, { timeoutMs, what });
  }

  /** A JSON response of the current plugin's monitoring. Waits until it answers. */
  async ask(path: string): Promise<unknown> {
    const { timeoutMs } = this.#options;
    return waitFor(async () => (await fetch(`${this.url}${path}`)).json(), { timeoutMs, what: path });
  }

  /** The messages of the plugin's problems. */
  async problems(): Promise<readonly string[]> {
    const { problems } = (await this.ask('/api/v1/overview')) as {
      readonly problems: readonly { readonly message: string }[];
    };
    return problems.map(({ message }) => message);
  }

  /** Waits until one of the plugin's problems contains a text. */
  async hasProblem(text: string): Promise<void> {
    const { timeoutMs } = this.#options;
    await waitFor(
      async (see) => {
        const problems = await this.problems();
        see(problems);
        return problems.some((problem) => problem.includes(text));
      },
      { timeoutMs, what: `the problem "${text}"` },
    );
  }

  /** A report for failed tests: the latest events of the plugin, and the services. */
  async describe(): Promise<string> {
    const lines = this.plugin.logs().trimEnd().split('\n');
    const relevant = lines.filter((line) => !ROUTINE.test(line)).slice(-200);
    const services = JSON.stringify(await this.engine.api('GET', '/services'), undefined, 1).slice(-6_000);
    return `${relevant.join('\n')}\n${services}\n`;
  }

  /** Stops plugin, engine and Vault. */
  async stop(): Promise<void> {
    await this.#plugin?.kill('SIGTERM');
    await Promise.all([this.engine.stop(), this.vault.stop()]);
  }
}
