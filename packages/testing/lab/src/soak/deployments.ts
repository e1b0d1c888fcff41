import type { SeededRandom } from '@vault-swarm/simulation';
import { waitFor } from '../process/wait-for.ts';
import type { Engine } from '../swarm/engine.ts';
import { createService, readSecret, runningTasks } from '../swarm/swarm.ts';
import type { SecretStore } from './secret-store.ts';

const MAX_SERVICES = 6;
const MAX_REPLICAS = 3;
const MAX_SECRETS = 4;
const SETTLED_MS = 240_000;

interface Deployed {
  readonly name: string;
  readonly secrets: readonly string[];
  replicas: number;
}

/** The services of a soak, which are created, scaled and removed. */
export class Deployments {
  readonly #engine: Engine;
  readonly #store: SecretStore;
  readonly #random: SeededRandom;
  readonly #secrets: readonly string[];
  readonly #services: Deployed[] = [];
  readonly #counts = { created: 0, scaled: 0, removed: 0 };

  /** @param secrets names of the Swarm's secrets; the store has each as `swarm/NAME`. */
  constructor(engine: Engine, ports: { store: SecretStore; random: SeededRandom; secrets: readonly string[] }) {
    this.#engine = engine;
    this.#store = ports.store;
    this.#random = ports.random;
    this.#secrets = ports.secrets;
  }

  get counts(): Readonly<{ created: number; scaled: number; removed: number }> {
    return this.#counts;
  }

  /** Deploys, scales or removes a service. */
  async change(): Promise<void> {
    const roll = this.#random.next();
    const service = this.#services.length === 0 ? undefined : this.#random.pick(this.#services);
    if (service === undefined || (roll < 0.4 && this.#services.length < MAX_SERVICES)) return this.#create();
    if (roll < 0.75) return this.#scale(service);
    return this.#remove(service);
  }

  /** Waits until every task of every service runs and has the current values of its secrets. */
  async areSettled(): Promise<void> {
    for (const { name, replicas, secrets } of this.#services) {
      const wanted = secrets.map((secret) => this.#store.history(`swarm/${secret}`).current);
      await waitFor(
        async (see) => {
          const tasks = await runningTasks(this.#engine, name);
          see(`${tasks.length} of ${replicas} tasks`);
          if (tasks.length !== replicas) return false;
          for (const { containerId } of tasks) {
            for (const [index, secret] of secrets.entries()) {
              const held = (await readSecret(this.#engine, containerId, secret)).toString();
              see(`${secret} is not the current value`);
              if (held !== wanted[index]) return false;
            }
          }
          return true;
        },
        { timeoutMs: SETTLED_MS, intervalMs: 1_000, what: `${name} to have its current values` },
      );
    }
  }

  async #create(): Promise<void> {
    this.#counts.created += 1;
    const name = `service-${this.#counts.created}`;
    const replicas = this.#random.between(1, MAX_REPLICAS);
    const shuffled = this.#secrets.map((secret) => [this.#random.next(), secret] as const).sort(([a], [b]) => a - b);
    const secrets = shuffled.slice(0, this.#random.between(1, MAX_SECRETS)).map(([, secret]) => secret);
    await createService(this.#engine, { name, replicas, secrets });
    this.#services.push({ name, secrets, replicas });
  }

  async #scale(service: Deployed): Promise<void> {
    service.replicas = this.#random.between(1, MAX_REPLICAS);
    this.#counts.scaled += 1;
    await this.#engine.dockerBytes('service', 'scale', '--detach', `${service.name}=${service.replicas}`);
  }

  async #remove(service: Deployed): Promise<void> {
    this.#services.splice(this.#services.indexOf(service), 1);
    this.#counts.removed += 1;
    await this.#engine.dockerBytes('service', 'rm', service.name);
  }
}
