import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { KeptQueries } from '../servers/kept-queries.ts';
import type { Postgres, PostgresLogin } from '../servers/postgres.ts';
import { VaultAudit } from '../servers/vault-audit.ts';
import { allowHolders, createDatabaseRole, SHOP_QUERY } from './lease-engines.ts';
import type { PluginSwarm } from './plugin-swarm.ts';
import { createDriverSecret, createService, readSecret, runningTasks } from './swarm.ts';

/** How the credentials of the shop live, in seconds. */
export interface LeaseTimes {
  readonly ttlS: number;
  readonly maxTtlS: number;
  /** How long a holder lives that nobody renews. */
  readonly periodS: number;
}

/** How to start a {@link LeasedShop}. */
export interface LeasedShopOptions extends LeaseTimes {
  readonly swarm: PluginSwarm;
  readonly postgres: Postgres;
  /** A directory that Vault may write its audit log into. */
  readonly dir: string;
  readonly driver: string;
  readonly services: readonly string[];
  readonly replicas: number;
}

/** A login that was refused although its task ran before and after. */
interface RefusedLogin {
  readonly service: string;
  readonly task: string;
  readonly user: string;
}

const PAUSE_MS = 500;

/**
 * Services of a Swarm whose tasks have leased credentials of PostgreSQL. In the place of each running task, this logs in again
 * and again with what is in the files of its secrets, and keeps a connection.
 */
export class LeasedShop {
  readonly #options: LeasedShopOptions;
  readonly #audit: VaultAudit;
  readonly #stopping = new AbortController();
  readonly #clients: Promise<void>[] = [];
  /** A connection of each task, kept from its start to its end. */
  readonly queries: KeptQueries;
  readonly refused: RefusedLogin[] = [];
  /** How many logins were accepted. */
  accepted = 0;
  /** Each service and generation of which a task ran. */
  readonly generations = new Set<string>();

  private constructor(options: LeasedShopOptions, audit: VaultAudit) {
    this.#options = options;
    this.#audit = audit;
    this.queries = new KeptQueries(options.postgres, SHOP_QUERY);
  }

  /** Sets up Vault with an audit log and creates the services; the plugins must run. The logins start at once. */
  static async start(options: LeasedShopOptions): Promise<LeasedShop> {
    const { swarm, postgres, driver, services, replicas, ttlS, maxTtlS, periodS } = options;
    const audit = await VaultAudit.start(swarm.vault, join(options.dir, 'audit.log'));
    const shop = new LeasedShop(options, audit);
    await createDatabaseRole(swarm.vault, { postgres, ttlS, maxTtlS });
    await allowHolders(swarm.vault, { paths: ['database/creds/shop'], periodS });
    const { engine } = await swarm.managers.leader();
    const labels = { vault_path: 'creds/shop', vault_mount: 'database', vault_lease: 'service' };
    await createDriverSecret(engine, { name: 'user', driver, labels: { ...labels, vault_field: 'username' } });
    await createDriverSecret(engine, { name: 'password', driver, labels: { ...labels, vault_field: 'password' } });
    for (const name of services) {
      const updateConfig = { order: 'start-first' } as const;
      await createService(engine, { name, replicas, secrets: ['user', 'password'], updateConfig });
    }
    for (const service of services) shop.#clients.push(shop.#logInAgainAndAgain(service));
    return shop;
  }

  /** How many credentials Vault has issued, by its audit log. */
  issued(): Promise<number> {
    return this.#audit.issuedAt('database/creds/shop');
  }

  /** The users that Vault has created in PostgreSQL and not removed. */
  roles(): Promise<readonly string[]> {
    return this.#options.postgres.query("SELECT rolname FROM pg_roles WHERE rolname LIKE 'v-%'");
  }

  /** The ids of the leases that Vault has. */
  async leases(): Promise<readonly string[]> {
    const { status, body } = await this.#options.swarm.vault.request('LIST', 'sys/leases/lookup/database/creds/shop');
    return status === 404 ? [] : ((body as { readonly data: { readonly keys: string[] } }).data.keys ?? []);
  }

  /** Ends the logins. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#clients);
    this.queries.stop();
  }

  async #logInAgainAndAgain(service: string): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      // While there is no leader, nothing is known of the tasks.
      const tasks = await this.#tasks(service).catch(() => null);
      if (tasks !== null) {
        this.queries.follow(service, tasks);
        await Promise.all(tasks.map((task) => this.#logIn(service, task)));
      }
      await delay(PAUSE_MS);
    }
  }

  /** The running tasks on nodes that answer, with their logins. */
  async #tasks(service: string): Promise<readonly { readonly id: string; readonly login: PostgresLogin }[]> {
    const { managers } = this.#options.swarm;
    const { engine } = await managers.leader();
    const tasks = await runningTasks(engine, service);
    const read = tasks.map(async ({ id, nodeId, containerId, generation }) => {
      this.generations.add(`${service}@${generation}`);
      const own = managers.node(nodeId).engine;
      const [user, password] = await Promise.all([
        readSecret(own, containerId, 'user'),
        readSecret(own, containerId, 'password'),
      ]);
      return { id, login: { user: user.toString(), password: password.toString() } };
    });
    return (await Promise.allSettled(read)).flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  }

  /** Logs in and runs a query that takes a while. What is refused counts if the task still runs afterwards. */
  async #logIn(service: string, { id, login }: { readonly id: string; readonly login: PostgresLogin }): Promise<void> {
    const error = await this.#options.postgres.query('SELECT pg_sleep(0.2)', login).then(
      () => null,
      (cause: unknown) => cause,
    );
    if (error === null) {
      this.accepted += 1;
      return;
    }
    const after = await this.#tasks(service).catch(() => []);
    if (after.some((task) => task.id === id)) this.refused.push({ service, task: id, user: login.user });
  }
}
