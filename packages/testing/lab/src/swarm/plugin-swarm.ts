import { join } from 'node:path';
import { waitFor } from '../process/wait-for.ts';
import { startVault, type Vault } from '../servers/vault.ts';
import { type ManagerNode, type Managers, startManagers } from './managers.ts';
import { PluginRunner } from './plugin-runner.ts';
import {
  createDriverSecret,
  createService,
  readSecret,
  runningTasks,
  type ServiceOptions,
  serviceTasks,
} from './swarm.ts';

const TIMEOUT_MS = 60_000;

/** A running task, its node, and the content of its secret's file. */
export interface HeldSecret {
  readonly task: string;
  readonly node: string;
  readonly value: string;
}

/** The part of a service's API object that tests read. */
export interface ShownService {
  readonly Spec: {
    readonly TaskTemplate: {
      readonly ForceUpdate?: number;
      readonly ContainerSpec: { readonly Labels?: Readonly<Record<string, string>> };
    };
  };
  readonly UpdateStatus?: { readonly State: string; readonly Message: string };
}

/** How to start a Swarm with plugins. */
export interface PluginSwarmOptions {
  readonly dir: string;
  /** PLUGIN_NAME. */
  readonly driver: string;
  /** How many managers; 3 if not given. */
  readonly count?: number;
  /** How many of the managers, the first ones, get a plugin at once; all if not given. */
  readonly plugins?: number;
  /** More environment variables of every plugin. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A Swarm of several managers with a plugin on each, and one Vault server for all plugins. */
export class PluginSwarm {
  readonly managers: Managers;
  readonly runners: readonly PluginRunner[];
  readonly #dir: string;
  readonly #driver: string;
  #vault: Vault;
  #written = 0;

  private constructor(options: PluginSwarmOptions, managers: Managers, vault: Vault) {
    const { dir, driver, env = {} } = options;
    this.managers = managers;
    this.#dir = dir;
    this.#driver = driver;
    this.#vault = vault;
    const provider = { SECRETS_PROVIDER: 'vault', VAULT_ADDR: vault.addr, VAULT_TOKEN: vault.rootToken };
    const runner = { dir, driver, env: () => ({ ...provider, ...env }) };
    this.runners = managers.nodes.map((node) => new PluginRunner(node, runner));
  }

  /** Starts engines, Vault and plugins in about 6 s. */
  static async start({ dir, ...options }: PluginSwarmOptions): Promise<PluginSwarm> {
    const { count = 3, plugins = count } = options;
    const [managers, vault] = await Promise.all([
      startManagers({ dir: join(dir, 's'), count }),
      startVault({ dir: join(dir, 'vault') }),
    ]);
    const swarm = new PluginSwarm({ dir, ...options }, managers, vault);
    await Promise.all(swarm.runners.slice(0, plugins).map((runner) => runner.start()));
    return swarm;
  }

  get vault(): Vault {
    return this.#vault;
  }

  /** Starts an empty Vault on the port of the killed one. */
  async startVaultAgain(): Promise<void> {
    this.#vault = await startVault({ dir: join(this.#dir, 'vault'), port: this.#vault.port });
  }

  /** Writes a value to Vault, a new one if none is given. Resolves to the value. */
  async write(secret: string, value?: string): Promise<string> {
    this.#written += 1;
    const password = value ?? `${secret}-${this.#written}`;
    const { status, text } = await this.#vault.request('POST', `secret/data/app/${secret}`, { data: { password } });
    if (status !== 200) throw new Error(`Vault rejected ${secret}: ${status} ${text}`);
    return password;
  }

  /** Writes a value and creates a secret of that name for it. Resolves to the value. */
  async createSecret(secret: string, value?: string): Promise<string> {
    const written = await this.write(secret, value);
    const { engine } = await this.managers.leader();
    const labels = { vault_path: `app/${secret}`, vault_field: 'password' };
    await createDriverSecret(engine, { name: secret, driver: this.#driver, labels });
    return written;
  }

  /**
   * Creates the secret `shared` and the service `web` that uses it. Resolves to the value, once all tasks have it and
   * every plugin has seen them.
   */
  async deployWeb(options: Pick<ServiceOptions, 'updateConfig'> & { readonly replicas: number }): Promise<string> {
    const value = await this.createSecret('shared');
    const { engine } = await this.managers.leader();
    await createService(engine, { name: 'web', secrets: ['shared'], ...options });
    await this.reaches('web', { secret: 'shared', replicas: options.replicas, value });
    for (const runner of this.runners) await runner.passes(2);
    return value;
  }

  /** The plugin on the current leader. */
  async leadingRunner(): Promise<PluginRunner> {
    return this.runnerOf(await this.managers.leader());
  }

  /** The plugin of a manager. */
  runnerOf(node: ManagerNode): PluginRunner {
    const found = this.runners.find((runner) => runner.node === node);
    if (found === undefined) throw new Error(`${node.name} has no plugin`);
    return found;
  }

  /** The running tasks of a service on all nodes, and the content of a secret's file in each. */
  async held(service: string, secret: string): Promise<readonly HeldSecret[]> {
    const { engine } = await this.managers.leader();
    const tasks = await runningTasks(engine, service);
    return Promise.all(
      tasks.map(async ({ id, nodeId, containerId }) => {
        const node = this.managers.node(nodeId);
        return { task: id, node: node.name, value: (await readSecret(node.engine, containerId, secret)).toString() };
      }),
    );
  }

  /** Waits until all tasks of a service run and have the value. */
  async reaches(
    service: string,
    { secret, replicas, value }: { readonly secret: string; readonly replicas: number; readonly value: string },
    timeoutMs = TIMEOUT_MS,
  ): Promise<void> {
    await waitFor(
      async (see) => {
        const now = await this.held(service, secret);
        see(now);
        return now.length === replicas && now.every((task) => task.value === value);
      },
      { timeoutMs, what: `${replicas} tasks of ${service} to have ${value}` },
    );
  }

  /** Waits until some tasks of a service have the value and some do not. */
  async isHalfWayTo(service: string, secret: string, value: string): Promise<void> {
    await waitFor(
      async (see) => {
        const values = (await this.held(service, secret)).map((task) => task.value);
        see(values);
        return values.includes(value) && values.some((other) => other !== value);
      },
      { timeoutMs: TIMEOUT_MS, what: `some tasks of ${service} to have ${value}` },
    );
  }

  /** A service as the leader's API shows it. */
  async service(name: string): Promise<ShownService> {
    return (await (await this.managers.leader()).engine.api('GET', `/services/${name}`)) as ShownService;
  }

  /** The generation of a service: its `ForceUpdate` counter. */
  async generation(service: string): Promise<number> {
    return (await this.service(service)).Spec.TaskTemplate.ForceUpdate ?? 0;
  }

  /** Waits until Swarm reports the latest update of a service as completed. */
  async isSettled(service: string, timeoutMs = TIMEOUT_MS): Promise<void> {
    await waitFor(
      async (see) => {
        const { UpdateStatus } = await this.service(service);
        see(UpdateStatus);
        return UpdateStatus?.State === 'completed';
      },
      { timeoutMs, what: `the update of ${service} to be completed` },
    );
  }

  /** The text of the ledger in its Swarm config object. */
  async ledger(): Promise<string> {
    const { engine } = await this.managers.leader();
    const config = (await engine.api('GET', `/configs/${this.#driver}.ledger`)) as {
      readonly Spec: { readonly Labels?: Readonly<Record<string, string>> };
    };
    return config.Spec.Labels?.['vault-swarm.ledger'] ?? '';
  }

  /** A report for failed tests: the latest log lines of the plugins, and the Swarm's objects. */
  async describe(service: string): Promise<string> {
    const logs = this.runners.map((runner) => {
      const relevant = runner
        .log()
        .filter(({ event }) => event !== 'reconcile.completed' && event !== 'provider.request-completed');
      const lines = relevant.slice(-100).map((entry) => JSON.stringify(entry));
      return `--- plugins on ${runner.node.name}\n${lines.join('\n')}`;
    });
    const { engine } = await this.managers.leader();
    const shown = {
      service: await this.service(service),
      tasks: await serviceTasks(engine, service),
      ledger: await this.ledger(),
    };
    return `${logs.join('\n')}\n--- the Swarm\n${JSON.stringify(shown, undefined, 1)}\n`;
  }

  /** Stops plugins, engines and Vault. The directory is removed with the sandbox. */
  async stop(): Promise<void> {
    await Promise.all(this.runners.map((runner) => runner.hasStarted && runner.plugin.kill('SIGTERM')));
    await Promise.all([this.managers.stop(), this.#vault.kill()]);
  }
}
