import { join } from 'node:path';
import { freePort } from '../process/free-port.ts';
import { waitFor } from '../process/wait-for.ts';
import type { ManagerNode } from './managers.ts';
import { type PluginProcess, startPlugin } from './plugin-process.ts';

const TIMEOUT_MS = 60_000;

/** How to start the plugins of a manager. */
export interface PluginRunnerOptions {
  /** Directory of their logs. */
  readonly dir: string;
  /** PLUGIN_NAME. */
  readonly driver: string;
  /** More environment variables of the plugin, read at each start. */
  env(): Readonly<Record<string, string>>;
}

/** One line of a plugin's log, as JSON. */
export interface LogEntry {
  readonly level: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

/** What a plugin did since its start. A second leader that loses every race is still a fault. */
export interface PluginActivity {
  readonly name: string;
  readonly becameLeader: boolean;
  readonly changes: number;
  readonly started: number;
  readonly conflicts: number;
  readonly counted: number;
}

interface Metrics {
  readonly secret_rotations: number;
  readonly ticker_heartbeat: string | null;
}

/** Runs the plugin of one manager; several processes may follow each other. */
export class PluginRunner {
  readonly node: ManagerNode;
  readonly #options: PluginRunnerOptions;
  readonly #plugins: PluginProcess[] = [];
  #port = 0;

  constructor(node: ManagerNode, options: PluginRunnerOptions) {
    this.node = node;
    this.#options = options;
  }

  /** Whether a plugin was ever started. */
  get hasStarted(): boolean {
    return this.#plugins.length > 0;
  }

  /** The plugin that was started last. */
  get plugin(): PluginProcess {
    const plugin = this.#plugins.at(-1);
    if (plugin === undefined) throw new Error(`no plugin was started on ${this.node.name}`);
    return plugin;
  }

  /** The address of its monitoring. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /**
   * Starts a plugin. Resolves when its socket and its monitoring answer. The previous one must have ended.
   * @param variables more environment variables of this one.
   */
  async start(variables: Readonly<Record<string, string>> = {}): Promise<void> {
    if (this.#port === 0) this.#port = await freePort();
    const { dir, driver } = this.#options;
    const env = {
      PLUGIN_NAME: driver,
      PLUGIN_SOCKET: this.node.pluginSocket(driver),
      DOCKER_HOST: this.node.engine.host,
      VAULT_ROTATION_INTERVAL: '1s',
      MONITORING_PORT: String(this.#port),
      LOG_LEVEL: 'debug',
      ...this.#options.env(),
      ...variables,
    };
    const directory = join(dir, `${this.node.name}-plugin-${this.#plugins.length + 1}`);
    const plugin = await startPlugin({ env, dir: directory });
    this.#plugins.push(plugin);
    await plugin.waitReady();
    await waitFor(async () => (await fetch(`${this.url}/livez`)).ok, { timeoutMs: TIMEOUT_MS, what: 'monitoring' });
  }

  /** Kills the plugin and starts another one at once. */
  async restart(): Promise<void> {
    await this.plugin.kill('SIGKILL');
    await this.start();
  }

  /** The log of all its plugins, oldest first, without a line that a SIGKILL cut off. */
  log(): readonly LogEntry[] {
    return this.#plugins.flatMap(entriesOf);
  }

  /** How often an event is in the log of the current plugin. */
  logged(event: string): number {
    return entriesOf(this.plugin).filter((entry) => entry.event === event).length;
  }

  /** Waits for `count` complete reconcile passes. */
  async passes(count: number): Promise<void> {
    for (let pass = 0; pass < count; pass++) {
      const before = (await this.#metrics()).ticker_heartbeat;
      await waitFor(async () => (await this.#metrics()).ticker_heartbeat !== before, {
        timeoutMs: TIMEOUT_MS,
        what: `a pass on ${this.node.name}`,
      });
    }
  }

  /** Waits until the current plugin has counted `total` rotations. */
  async counted(total: number): Promise<void> {
    await waitFor(
      async (see) => {
        const { secret_rotations: rotations } = await this.#metrics();
        see(rotations);
        return rotations === total;
      },
      { timeoutMs: TIMEOUT_MS, what: `${total} rotations to be counted on ${this.node.name}` },
    );
  }

  /** What the current plugin did since its start. */
  async activity(): Promise<PluginActivity> {
    return {
      name: this.node.name,
      becameLeader: this.plugin.logs().includes('this node leads the cluster now'),
      changes: this.logged('revision.changed'),
      started: this.logged('rollout.started'),
      conflicts: this.logged('rollout.conflict'),
      counted: (await this.#metrics()).secret_rotations,
    };
  }

  async #metrics(): Promise<Metrics> {
    return (await (await fetch(`${this.url}/metrics`)).json()) as Metrics;
  }
}

function entriesOf(plugin: PluginProcess): readonly LogEntry[] {
  const lines = plugin.logs().split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as LogEntry);
}
