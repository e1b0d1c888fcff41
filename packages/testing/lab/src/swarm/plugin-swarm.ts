import { join } from 'node:path';
import { waitFor } from '../process/wait-for.ts';
import { startVault, type Vault } from '../servers/vault.ts';
import { type ManagerNode, type Managers, startManagers } from './managers.ts';
import { PluginRunner } from './plugin-runner.ts';
import { createDriverSecret, readSecret, runningTasks, serviceTasks } from './swarm.ts';

const IN_TIME_MS = 60_000;

/** A running task, where it is, and what its secret's file has. */
export interface HeldSecret {
  readonly task: string;
  readonly node: string;
  readonly value: string;
}

/** What a service shows of itself. */
export interface ShownService {
  readonly Spec: {
    readonly TaskTemplate: {
      readonly ForceUpdate?: number;
      readonly ContainerSpec: { readonly Labels?: Readonly<Record<string, string>> };
    };
  };
  readonly UpdateStatus?: { readonly State: string; readonly Message: string };
}

/** What a Swarm with plugins is started with. */
export interface PluginSwarmOptions {
  readonly dir: string;
  /** PLUGIN_NAME. */
  readonly driver: string;
  /** How many managers; 3 if not given. */
  readonly count?: number;
  /** Another dockerd than the system's. */
  readonly dockerd?: string;
  /** Further environment of every plugin. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A Swarm of several managers with the plugin on each, and a Vault server that all of them ask. */
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

  /** Starts all of it: about 6 s. */
  static async start({ dir, ...options }: PluginSwarmOptions): Promise<PluginSwarm> {
    const { count = 3, dockerd } = options;
    const [managers, vault] = await Promise.all([
      startManagers({ dir: join(dir, 's'), count, ...(dockerd === undefined ? {} : { dockerd }) }),
      startVault({ dir: join(dir, 'vault') }),
    ]);
    const swarm = new PluginSwarm({ dir, ...options }, managers, vault);
    await Promise.all(swarm.runners.map((runner) => runner.start()));
    return swarm;
  }

  get vault(): Vault {
    return this.#vault;
  }

  /** Starts an empty Vault where the killed one was. */
  async startVaultAgain(): Promise<void> {
    this.#vault = await startVault({ dir: join(this.#dir, 'vault'), port: this.#vault.port });
  }

  /** Writes a value at Vault, a new one if none is given, and returns it. */
  async write(secret: string, value?: string): Promise<string> {
    this.#written += 1;
    const password = value ?? `${secret}-${this.#written}`;
    const { status, text } = await this.#vault.request('POST', `secret/data/app/${secret}`, { data: { password } });
    if (status !== 200) throw new Error(`Vault did not take ${secret}: ${status} ${text}`);
    return password;
  }

  /** Writes a first value, and makes a secret of that name that gets it. Resolves to the value. */
  async createSecret(secret: string, value?: string): Promise<string> {
    const written = await this.write(secret, value);
    const { engine } = await this.managers.leader();
    const labels = { vault_path: `app/${secret}`, vault_field: 'password' };
    await createDriverSecret(engine, { name: secret, driver: this.#driver, labels });
    return written;
  }

  /** The plugin on the present leader. */
  async leadingRunner(): Promise<PluginRunner> {
    return this.runnerOf(await this.managers.leader());
  }

  /** The plugin of a manager. */
  runnerOf(node: ManagerNode): PluginRunner {
    const found = this.runners.find((runner) => runner.node === node);
    if (found === undefined) throw new Error(`${node.name} has no plugin`);
    return found;
  }

  /** The running tasks of a service, and what each has in a secret's file, whatever node it is on. */
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

  /** Waits until all tasks of a service run, and have the value. */
  async reaches(
    service: string,
    { secret, replicas, value }: { readonly secret: string; readonly replicas: number; readonly value: string },
    timeoutMs = IN_TIME_MS,
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
      { timeoutMs: IN_TIME_MS, what: `the middle of the rolling update to ${value}` },
    );
  }

  /** A service as its leader shows it. */
  async service(name: string): Promise<ShownService> {
    return (await (await this.managers.leader()).engine.api('GET', `/services/${name}`)) as ShownService;
  }

  /** How often a service was told to start its tasks again. */
  async generation(service: string): Promise<number> {
    return (await this.service(service)).Spec.TaskTemplate.ForceUpdate ?? 0;
  }

  /** Waits until Swarm says that the latest update of a service is done. */
  async isSettled(service: string, timeoutMs = IN_TIME_MS): Promise<void> {
    await waitFor(
      async (see) => {
        const { UpdateStatus } = await this.service(service);
        see(UpdateStatus);
        return UpdateStatus?.State === 'completed';
      },
      { timeoutMs, what: `the update of ${service} to be completed` },
    );
  }

  /** The ledger's text, as a config object of the Swarm has it. */
  async ledger(): Promise<string> {
    const { engine } = await this.managers.leader();
    const config = (await engine.api('GET', `/configs/${this.#driver}.ledger`)) as {
      readonly Spec: { readonly Labels?: Readonly<Record<string, string>> };
    };
    return config.Spec.Labels?.['vault-swarm.ledger'] ?? '';
  }

  /** What a failed test should show: what the plugins logged last, and the Swarm's objects. */
  async describe(service: string): Promise<string> {
    const logs = this.runners.map((runner) => {
      const telling = runner.log().filter(({ event }) => event !== 'reconcile.completed');
      const lines = telling.slice(-40).map((entry) => JSON.stringify(entry));
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

  /** Ends all of it. The directory goes with the sandbox. */
  async stop(): Promise<void> {
    await Promise.all(this.runners.map(({ plugin }) => plugin.kill('SIGTERM')));
    await Promise.all([this.managers.stop(), this.#vault.kill()]);
  }
}
