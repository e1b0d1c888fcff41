import { join } from 'node:path';
import { freePort } from '../process/free-port.ts';
import { waitFor } from '../process/wait-for.ts';
import type { ManagerNode } from './managers.ts';
import { type PluginProcess, startPlugin } from './plugin-process.ts';

const IN_TIME_MS = 60_000;

/** What a seat's plugins are started with, besides what follows from their node. */
export interface PluginRunnerOptions {
  /** Directory of their logs. */
  readonly dir: string;
  /** PLUGIN_NAME. */
  readonly driver: string;
  /** Further environment of the plugin, asked for at each start. */
  env(): Readonly<Record<string, string>>;
}

/** One line of a plugin's log, as JSON. */
export interface LogEntry {
  readonly level: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

/** What a plugin has done since it was started. A second leader would lose every race and still be wrong. */
export interface Deeds {
  readonly name: string;
  readonly tookTheLead: boolean;
  readonly changes: number;
  readonly started: number;
  readonly conflicts: number;
  readonly counted: number;
}

interface Metrics {
  readonly secret_rotations: number;
  readonly ticker_heartbeat: string | null;
}

/** A manager's plugin, of which there may be several one after the other. */
export class PluginRunner {
  readonly node: ManagerNode;
  readonly #options: PluginRunnerOptions;
  readonly #plugins: PluginProcess[] = [];
  #port = 0;

  constructor(node: ManagerNode, options: PluginRunnerOptions) {
    this.node = node;
    this.#options = options;
  }

  /** The plugin that was started last. */
  get plugin(): PluginProcess {
    const plugin = this.#plugins.at(-1);
    if (plugin === undefined) throw new Error(`no plugin was started on ${this.node.name}`);
    return plugin;
  }

  /** Where its monitoring answers. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Starts a plugin; resolves when its socket and its monitoring answer. The one before it must have ended. */
  async start(): Promise<void> {
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
    };
    const directory = join(dir, `${this.node.name}-plugin-${this.#plugins.length + 1}`);
    const plugin = await startPlugin({ env, dir: directory });
    this.#plugins.push(plugin);
    await plugin.waitReady();
    await waitFor(async () => (await fetch(`${this.url}/livez`)).ok, { timeoutMs: IN_TIME_MS, what: 'monitoring' });
  }

  /** Kills the plugin and starts the next one at once. */
  async restart(): Promise<void> {
    await this.plugin.kill('SIGKILL');
    await this.start();
  }

  /** All that its plugins logged, oldest first. A line that a SIGKILL cut off is left out. */
  log(): readonly LogEntry[] {
    return this.#plugins.flatMap(entriesOf);
  }

  /** How often an event is in the log of its present plugin. */
  logged(event: string): number {
    return entriesOf(this.plugin).filter((entry) => entry.event === event).length;
  }

  /** Waits for so many whole passes. */
  async passes(count: number): Promise<void> {
    for (let pass = 0; pass < count; pass++) {
      const before = (await this.#metrics()).ticker_heartbeat;
      await waitFor(async () => (await this.#metrics()).ticker_heartbeat !== before, {
        timeoutMs: IN_TIME_MS,
        what: `a pass on ${this.node.name}`,
      });
    }
  }

  /** Waits until its present plugin has closed so many rotations. */
  async counted(total: number): Promise<void> {
    await waitFor(
      async (see) => {
        const { secret_rotations: rotations } = await this.#metrics();
        see(rotations);
        return rotations === total;
      },
      { timeoutMs: IN_TIME_MS, what: `${total} rotations to be counted on ${this.node.name}` },
    );
  }

  /** What its present plugin has done. */
  async deeds(): Promise<Deeds> {
    return {
      name: this.node.name,
      tookTheLead: this.plugin.logs().includes('this node leads the Swarm now'),
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
