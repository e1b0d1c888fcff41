import { join } from 'node:path';
import { freePort } from './process/free-port.ts';
import { waitFor } from './process/wait-for.ts';
import { startVault, type Vault } from './servers/vault.ts';
import type { OwnEngine } from './swarm/engine.ts';
import { type PluginProcess, startPlugin } from './swarm/plugin-process.ts';
import type { LogEntry } from './swarm/plugin-runner.ts';
import type { ShownService } from './swarm/plugin-swarm.ts';
import { createDriverSecret, startSwarm } from './swarm/swarm.ts';
import { waitForTaskValues } from './swarm/task-values.ts';

/** What a Swarm of one manager is started with. */
export interface OneManagerOptions {
  readonly dir: string;
  /** PLUGIN_NAME. */
  readonly driver: string;
  /** Further environment of the plugin. */
  readonly env?: Readonly<Record<string, string>>;
  /** How long what is waited for may take, in milliseconds; 90 s if not given. */
  readonly timeoutMs?: number;
}

/** A Swarm of one manager, a Vault, and a plugin that can be started again. */
export class OneManager {
  readonly engine: OwnEngine;
  readonly vault: Vault;
  /** Where the plugin's monitoring answers. */
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

  /** The plugin that was started last. */
  get plugin(): PluginProcess {
    if (this.#plugin === null) throw new Error('no plugin was started');
    return this.#plugin;
  }

  /**
   * Starts a plugin; resolves when its socket answers. The one before it must have ended.
   * @param env further environment of this one; that of the one before if not given.
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

  /** Kills the plugin and starts the next one at once. */
  async restartPlugin(): Promise<void> {
    await this.plugin.kill('SIGKILL');
    await this.startPlugin();
  }

  /** Writes a secret with one field, `password`, at Vault. */
  async write(path: string, password: string): Promise<void> {
    const { status, text } = await this.vault.request('POST', `secret/data/${path}`, { data: { password } });
    if (status !== 200) throw new Error(`Vault did not take ${path}: ${status} ${text}`);
  }

  /** Makes a secret of that name that gets the password at the path of that name. Resolves to its id. */
  createSecret(name: string, labels: Readonly<Record<string, string>> = {}): Promise<string> {
    const { driver } = this.#options;
    return createDriverSecret(this.engine, {
      name,
      driver,
      labels: { vault_path: name, vault_field: 'password', ...labels },
    });
  }

  /** Waits until so many tasks of a service run, and all have the value. */
  async reaches(service: string, secret: string, replicas: number, value: string): Promise<void> {
    const { timeoutMs } = this.#options;
    await waitForTaskValues(this.engine, { service, secret, replicas, value, timeoutMs });
  }

  /** A service as the engine shows it. */
  async service(name: string): Promise<ShownService> {
    return (await this.engine.api('GET', `/services/${name}`)) as ShownService;
  }

  /** How often a service was told to start its tasks again. */
  async generation(service: string): Promise<number> {
    return (await this.service(service)).Spec.TaskTemplate.ForceUpdate ?? 0;
  }

  /** What the present plugin logged of an event, about one service if one is given. */
  logged(event: string, service?: string): readonly LogEntry[] {
    const lines = this.plugin.logs().split('\n').slice(0, -1);
    const entries = lines.map((line) => JSON.parse(line) as LogEntry);
    return entries.filter((entry) => entry.event === event && (service === undefined || entry.service === service));
  }

  /** Waits until the present plugin has logged an event of a service so many times. */
  async happens(event: string, service: string, times = 1): Promise<void> {
    const { timeoutMs } = this.#options;
    const what = `${event} of ${service}`;
    await waitFor(async () => this.logged(event, service).length >= times, { timeoutMs, what });
  }

  /** An answer of the present plugin's monitoring, as JSON; waits until it answers. */
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

  /** Waits until one of the plugin's problems has these words. */
  async hasProblem(words: string): Promise<void> {
    const { timeoutMs } = this.#options;
    await waitFor(
      async (see) => {
        const problems = await this.problems();
        see(problems);
        return problems.some((problem) => problem.includes(words));
      },
      { timeoutMs, what: `the problem "${words}"` },
    );
  }

  /** What a failed test should show: the last events of the plugin, and the services. */
  async describe(): Promise<string> {
    const lines = this.plugin.logs().trimEnd().split('\n');
    const telling = lines.filter((line) => !line.includes('reconcile.completed')).slice(-60);
    const services = JSON.stringify(await this.engine.api('GET', '/services'), undefined, 1).slice(-6_000);
    return `${telling.join('\n')}\n${services}\n`;
  }

  /** Ends all of it. */
  async stop(): Promise<void> {
    await this.#plugin?.kill('SIGTERM');
    await Promise.all([this.engine.stop(), this.vault.stop()]);
  }
}
