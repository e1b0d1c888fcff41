import type { CallOptions, Clock } from '@vault-swarm/provider';
import type {
  Leadership,
  LedgerRecord,
  LedgerStore,
  Role,
  RolloutReport,
  WorkloadChanges,
  WorkloadSecret,
  WorkloadSnapshot,
  Workloads,
  WorkloadTask,
  WriteOutcome,
} from '../workloads.ts';

interface SimulatedService {
  readonly id: string;
  readonly name: string;
  readonly kind: 'service' | 'job';
  readonly secretIds: readonly string[];
  version: number;
  generation: number;
  generationBefore: number;
  rollout: RolloutReport;
  tasks: WorkloadTask[];
  /** Tasks of the present generation that are still to be made. */
  toReplace: number;
}

/** Asked for each secret of a task that starts; the answer is what its containers hold from then on. */
export type Deliver = (taskId: string, secret: WorkloadSecret, serviceName: string) => void;

/**
 * A Swarm in memory: it replaces a service's tasks one by one when its generation changes, as `step` is called, and
 * asks for each new task's secrets. Secrets, services and what goes wrong are set up by the test.
 */
export class SimulatedSwarm implements Workloads, WorkloadChanges, Leadership, LedgerStore {
  readonly #clock: Clock;
  readonly #deliver: Deliver;
  readonly #secrets: WorkloadSecret[] = [];
  readonly #services = new Map<string, SimulatedService>();
  readonly #listeners = new Set<() => void>();
  #nextId = 1;
  #ledger: LedgerRecord | null = null;
  currentRole: Role = 'leader';
  /** While set, every call rejects with it. */
  outage: Error | null = null;
  /** Every update that was applied: `service@generation`. */
  readonly updates: string[] = [];
  ledgerWrites = 0;
  driverAnswers = true;
  /** What the next calls of `roll` do instead of applying: the update may be applied all the same. */
  readonly rollFaults: ('conflict' | 'unknown' | 'unknown-but-applied')[] = [];

  constructor(clock: Clock, deliver: Deliver) {
    this.#clock = clock;
    this.#deliver = deliver;
  }

  addSecret(name: string, labels: Readonly<Record<string, string>> = {}): string {
    const id = `secret-${this.#nextId++}`;
    this.#secrets.push({ id, name, labels });
    return id;
  }

  /** What `docker secret update` does to labels: nothing is restarted by it. */
  setLabels(id: string, labels: Readonly<Record<string, string>>): void {
    const index = this.#secrets.findIndex((secret) => secret.id === id);
    const secret = this.#secrets[index];
    if (secret === undefined) throw new Error(`there is no secret ${id}`);
    this.#secrets[index] = { ...secret, labels };
    this.#changed();
  }

  addService(
    name: string,
    replicas: number,
    secretIds: readonly string[],
    kind: 'service' | 'job' = 'service',
  ): string {
    const id = `service-${this.#nextId++}`;
    const rollout: RolloutReport = { state: 'none', message: '', startedAtMs: null };
    const counters = { version: 1, generation: 0, generationBefore: 0, toReplace: 0 };
    const service: SimulatedService = { id, name, kind, secretIds, rollout, tasks: [], ...counters };
    this.#services.set(id, service);
    for (let slot = 0; slot < replicas; slot++) this.#startTask(service);
    return id;
  }

  removeService(id: string): void {
    this.#services.delete(id);
  }

  /** The user's own `docker service update --force`. */
  forceUpdate(id: string): void {
    const service = this.#service(id);
    this.#begin(service, service.generation + 1);
  }

  /** Takes the ledger away, as an operator might. */
  loseLedger(text: string | null = null): void {
    this.#ledger = text === null ? null : { text, version: String(Number(this.#ledger?.version ?? 0) + 1) };
  }

  get ledgerText(): string {
    return this.#ledger?.text ?? '';
  }

  /** Replaces one task of each service that rolls. No task starts while its secrets' driver does not answer. */
  step(): void {
    if (!this.driverAnswers) return;
    for (const service of this.#services.values()) {
      if (service.rollout.state !== 'rolling') continue;
      const old = service.tasks.find(({ state, generation }) => state === 'running' && generation < service.generation);
      if (old !== undefined && service.toReplace > 0) {
        service.tasks = service.tasks.map((task) => (task === old ? { ...task, state: 'ended' } : task));
        this.#startTask(service);
        service.toReplace -= 1;
      } else {
        service.rollout = { ...service.rollout, state: 'completed', message: 'update completed' };
      }
      this.#changed();
    }
  }

  /** Lets Swarm give the rollout up, as it does when new tasks fail. */
  fail(id: string, state: 'paused' | 'rolled-back'): void {
    const service = this.#service(id);
    service.rollout = { state, message: 'update paused due to failure', startedAtMs: this.#clock.now() };
    if (state === 'rolled-back') service.generation = service.generationBefore;
    service.version += 1;
    this.#changed();
  }

  taskIds(id: string): readonly string[] {
    return this.#service(id)
      .tasks.filter(({ state }) => state === 'running')
      .map((task) => task.id);
  }

  async observe(options: CallOptions): Promise<WorkloadSnapshot> {
    this.#answer(options);
    return {
      secrets: this.#secrets,
      services: [...this.#services.values()].map((service) => ({ ...service, tasks: [...service.tasks] })),
    };
  }

  async roll(id: string, version: number, generation: number, options: CallOptions): Promise<WriteOutcome> {
    this.#answer(options);
    const fault = this.rollFaults.shift();
    const service = this.#services.get(id);
    if (fault === 'conflict' || fault === 'unknown') return fault;
    if (service === undefined || service.version !== version) return 'conflict';
    this.#begin(service, generation);
    return fault === undefined ? 'applied' : 'unknown';
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async role(options: CallOptions): Promise<Role> {
    this.#answer(options);
    return this.currentRole;
  }

  async read(options: CallOptions): Promise<LedgerRecord | null> {
    this.#answer(options);
    return this.#ledger;
  }

  async compareAndSet(version: string | null, text: string, options: CallOptions): Promise<WriteOutcome> {
    this.#answer(options);
    if (version !== (this.#ledger?.version ?? null)) return 'conflict';
    this.#ledger = { text, version: String(Number(version ?? 0) + 1) };
    this.ledgerWrites += 1;
    return 'applied';
  }

  #begin(service: SimulatedService, generation: number): void {
    service.version += 1;
    service.generationBefore = service.generation;
    service.generation = generation;
    service.rollout = { state: 'rolling', message: 'update in progress', startedAtMs: this.#clock.now() };
    service.toReplace = this.taskIds(service.id).length;
    this.updates.push(`${service.name}@${generation}`);
    this.#changed();
  }

  #startTask(service: SimulatedService): void {
    const task: WorkloadTask = {
      id: `task-${this.#nextId++}`,
      generation: service.generation,
      createdAtMs: this.#clock.now(),
      state: 'running',
    };
    for (const secret of this.#secrets) {
      if (service.secretIds.includes(secret.id)) this.#deliver(task.id, secret, service.name);
    }
    service.tasks.push(task);
  }

  #service(id: string): SimulatedService {
    const service = this.#services.get(id);
    if (service === undefined) throw new Error(`there is no service ${id}`);
    return service;
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  #answer({ signal }: CallOptions): void {
    signal.throwIfAborted();
    if (this.outage !== null) throw this.outage;
  }
}
