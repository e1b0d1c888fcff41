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

/** A case: what is measured, and how. */
export interface BenchCase {
  readonly name: string;
  /** What it is, in a line. */
  heading(scale: Scale): string;
  /** Whether it is measured at each of the provider's latencies, or once without any. */
  readonly perLatency: boolean;
  /** False for what only our own plugin can be asked for. */
  readonly forPeers: boolean;
  /** What of ours is measured, where it is not `bin/vault-swarm-plugin`. */
  readonly ours?: Target;
  /**
   * Measures. What it started is stopped by the bench.
   * @throws where something is not answered as it must be.
   */
  run(bench: Bench): Promise<readonly Figure[]>;
}

/** Credentials of an AppRole that may read the benchmark's secrets. */
export interface AppRole {
  readonly roleId: string;
  readonly secretId: string;
}

/** What all cases share. */
export interface BenchWorld {
  readonly vault: Vault;
  readonly proxy: VaultProxy;
  readonly appRole: AppRole;
  /** Short: sockets are made below it. */
  readonly directory: string;
  readonly scale: Scale;
}

/** The driver's name, which the secrets of an engine must have. */
export const DRIVER = 'bench-driver';

/** One run of one case: a Vault that is as slow as wanted and sound, and a plugin to be started as often as wanted. */
export class Bench {
  readonly vault: Vault;
  readonly proxy: VaultProxy;
  readonly scale: Scale;
  readonly directory: string;
  readonly #appRole: AppRole;
  readonly #target: Target;
  readonly #started: Running[] = [];
  #count = 0;

  constructor({ vault, proxy, appRole, directory, scale }: BenchWorld, target: Target) {
    this.vault = vault;
    this.proxy = proxy;
    this.scale = scale;
    this.directory = directory;
    this.#appRole = appRole;
    this.#target = target;
  }

  /** Starts the plugin, with the environment that every plugin gets and what is given here. There is no engine for it. */
  async start({ VAULT_AUTH_METHOD = 'token', ...env }: Readonly<Record<string, string>> = {}): Promise<Running> {
    this.#count++;
    const { roleId, secretId } = this.#appRole;
    // What another method needs would be refused.
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

  /** Whose figures these are. */
  get target(): SubjectName {
    return this.#target.name;
  }

  /** What has to be on a manager for the plugin. */
  size(): Promise<Size> {
    return this.#target.size();
  }

  /** How the labels of the plugin's secrets are written. */
  get labels(): LabelTemplate {
    return this.#target.labels;
  }

  /** Writes secrets of the case to Vault; see {@link writeSecrets}. */
  secrets(options: CatalogOptions): Promise<readonly BenchSecret[]> {
    return writeSecrets(this.vault, options);
  }

  /** Ends what still runs. */
  async stop(): Promise<void> {
    for (const running of this.#started.splice(0)) await running.stop();
  }
}
