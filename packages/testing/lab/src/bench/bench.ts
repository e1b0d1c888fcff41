import { join } from 'node:path';
import { freePort } from '../process/free-port.ts';
import type { Vault } from '../servers/vault.ts';
import type { VaultProxy } from '../servers/vault-proxy.ts';
import { type BenchSecret, type CatalogOptions, MOUNT, writeSecrets } from './catalog.ts';
import type { Size } from './directory-size.ts';
import type { Figure } from './figure.ts';
import type { LabelTemplate } from './label-template.ts';
import type { Scale } from './scale.ts';
import type { SubjectName } from './table.ts';
import type { Running, Target } from './target.ts';

/** A case: what to measure, and how. */
export interface BenchCase {
  readonly name: string;
  /** A description of one line. */
  heading(scale: Scale): string;
  /** Whether it is measured at each latency of the provider, or once without latency. */
  readonly perLatency: boolean;
  /** False if only our own plugin supports it. */
  readonly forPeers: boolean;
  /** Our own target, if it is not `bin/vault-swarm-plugin`. */
  readonly ours?: Target;
  /**
   * Measures. The bench stops what the case started.
   * @throws if a response is wrong.
   */
  run(bench: Bench): Promise<readonly Figure[]>;
}

/** Credentials of an AppRole that can read the benchmark's secrets. */
export interface AppRole {
  readonly roleId: string;
  readonly secretId: string;
}

/** The resources that all cases share. */
export interface BenchWorld {
  readonly vault: Vault;
  readonly proxy: VaultProxy;
  readonly appRole: AppRole;
  /** Must be short: it contains sockets. */
  readonly directory: string;
  readonly scale: Scale;
}

/** The driver's name, which the secrets of an engine must have. */
export const DRIVER = 'bench-driver';

/** One run of one case: a Vault with the given latency, and plugins that the case starts. */
export class Bench {
  readonly vault: Vault;
  readonly proxy: VaultProxy;
  readonly scale: Scale;
  readonly directory: string;
  readonly #appRole: AppRole;
  readonly #target: Target;
  readonly #started: Running[] = [];
  readonly #closing: (() => void)[] = [];
  #count = 0;

  constructor({ vault, proxy, appRole, directory, scale }: BenchWorld, target: Target) {
    this.vault = vault;
    this.proxy = proxy;
    this.scale = scale;
    this.directory = directory;
    this.#appRole = appRole;
    this.#target = target;
  }

  /** Starts the plugin with the common environment and the given variables. By default it has no engine. */
  async start({ VAULT_AUTH_METHOD = 'token', ...env }: Readonly<Record<string, string>> = {}): Promise<Running> {
    this.#count++;
    const { roleId, secretId } = this.#appRole;
    // The plugin rejects credentials of another method.
    const credentials: Record<string, string> =
      VAULT_AUTH_METHOD === 'approle'
        ? { VAULT_ROLE_ID: roleId, VAULT_SECRET_ID: secretId }
        : { VAULT_TOKEN: this.vault.rootToken };
    const running = await this.#target.start(join(this.directory, String(this.#count)), {
      PLUGIN_NAME: DRIVER,
      DOCKER_HOST: `unix://${this.directory}/no-engine.sock`,
      MONITORING_PORT: String(await freePort()),
      SECRETS_PROVIDER: 'vault',
      VAULT_ADDR: this.proxy.addr,
      VAULT_MOUNT_PATH: MOUNT,
      VAULT_AUTH_METHOD,
      ...credentials,
      ...env,
    });
    this.#started.push(running);
    return running;
  }

  /** The name of the measured target. */
  get target(): SubjectName {
    return this.#target.name;
  }

  /** The size of the files that the plugin needs on a manager. */
  size(): Promise<Size> {
    return this.#target.size();
  }

  /** The template for labels of the plugin's secrets. */
  get labels(): LabelTemplate {
    return this.#target.labels;
  }

  /** Writes secrets of the case to Vault; see {@link writeSecrets}. */
  secrets(options: CatalogOptions): Promise<readonly BenchSecret[]> {
    return writeSecrets(this.vault, options);
  }

  /** Calls `close` at the end of the run, however it ends. */
  closeAtEnd(close: () => void): void {
    this.#closing.push(close);
  }

  /** Stops all plugins that still run, and closes what was passed to {@link closeAtEnd}. */
  async stop(): Promise<void> {
    for (const running of this.#started.splice(0)) await running.stop();
    for (const close of this.#closing.splice(0)) close();
  }
}
