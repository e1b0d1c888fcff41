import type { CallOptions, Clock } from '@vault-swarm/provider';
import type {
  FailedTask,
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

interface SimulatedTask extends WorkloadTask {
  state: WorkloadTask['state'];
}

interface SimulatedService {
  readonly id: string;
  readonly name: string;
  readonly kind: 'service' | 'job';
  readonly secretIds: readonly string[];
  replicas: number;
  version: number;
  generation: number;
  generationBefore: number;
  fingerprint: string;
  rollout: RolloutReport;
  tasks: SimulatedTask[];
  failures: FailedTask[];
}

/** Asked for each secret of a task that starts. `refused`: it can't start. */
export type Deliver = (
  task: { readonly id: string },
  secret: WorkloadSecret,
  service: { readonly name: string },
) => 'delivered' | 'refused';

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
    const rollout: RolloutReport = { state: 'none', message: '', startedAtMs: null, onlyRestarts: false };
    const counters = { version: 1, generation: 0, generationBefore: 0, fingerprint: 'spec 1' };
    const own = { id, name, kind, secretIds, replicas, rollout };
    const service: SimulatedService = { ...own, ...counters, tasks: [], failures: [] };
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

  /** The user's own change of something else than secrets. */
  changeSpec(id: string): void {
    const service = this.#service(id);
    service.fingerprint = `spec ${service.version}`;
    this.#begin(service, service.generation);
    this.updates.pop();
  }

  /** A task ends that should not: one of the newest generation. */
  loseTask(id: string, nodeReady: boolean): void {
    const service = this.#service(id);
    const running = service.tasks.filter(({ state }) => state === 'running');
    const task = running.toSorted((a, b) => b.generation - a.generation)[0];
    if (task !== undefined) this.#end(service, task, { started: nodeReady, nodeReady, message: 'lost' });
  }

  /** Takes the ledger away, as an operator might. */
  loseLedger(text: string | null = null): void {
    this.#ledger = text === null ? null : { text, version: String(Number(this.#ledger?.version ?? 0) + 1) };
  }

  get ledgerText(): string {
    return this.#ledger?.text ?? '';
  }

  /**
   * Does for each service what Swarm would do next: starts a task that is missing, or replaces one.
   * No task starts while its secrets' driver does not answer.
   */
  step(): void {
    if (!this.driverAnswers) return;
    for (const service of this.#services.values()) this.#proceed(service);
  }

  #proceed(service: SimulatedService): void {
    const alive = service.tasks.filter(({ state }) => state !== 'ended');
    if (alive.length < service.replicas && service.kind === 'service') {
      this.#startTask(service);
      return;
    }
    const { state } = service.rollout;
    if (state !== 'rolling' && state !== 'rolling-back') return;
    const other = alive.find(
      (task) => task.generation !== service.generation || task.createdAtMs < (service.rollout.startedAtMs ?? 0),
    );
    if (other === undefined) {
      const ended = state === 'rolling' ? 'completed' : 'rolled-back';
      service.rollout = { ...service.rollout, state: ended, message: `update ${ended}` };
    } else {
      other.state = 'ended';
      this.#startTask(service);
    }
    this.#changed();
  }

  /** A task fails; Swarm may give the update up for it. */
  #end(
    service: SimulatedService,
    task: SimulatedTask,
    why: Omit<FailedTask, 'id' | 'generation' | 'fingerprint'>,
  ): void {
    task.state = 'ended';
    const { id, generation } = task;
    const { fingerprint } = service;
    service.failures = [...service.failures, { id, generation, fingerprint, ...why }].slice(-5 * service.replicas);
    if (service.rollout.state === 'rolling' && generation === service.generation) {
      this.fail(service.id, 'paused');
    }
    this.#changed();
  }

  /** Swarm takes an update, and does not go on with it: seen where one is resumed while a slot is still worked on. */
  forgetUpdate(id: string): void {
    this.#service(id).rollout = { state: 'none', message: '', startedAtMs: null, onlyRestarts: false };
  }

  /** Swarm gives the update up. */
  fail(id: string, state: 'paused' | 'rolling-back'): void {
    const service = this.#service(id);
    service.rollout = {
      state,
      message: 'update paused due to failure',
      startedAtMs: this.#clock.now(),
      onlyRestarts: state === 'paused',
    };
    if (state === 'rolling-back') service.generation = service.generationBefore;
    service.version += 1;
    this.#changed();
  }

  replicas(id: string): number {
    return this.#service(id).replicas;
  }

  taskIds(id: string): readonly string[] {
    return this.#service(id)
      .tasks.filter(({ state }) => state === 'running')
      .map((task) => task.id);
  }

  async observe(options: CallOptions): Promise<WorkloadSnapshot> {
    this.#answer(options);
    return {
      secrets: [...this.#secrets],
      services: [...this.#services.values()].map((service) => ({
        ...service,
        tasks: service.tasks.filter(({ state }) => state !== 'ended').map((task) => ({ ...task })),
      })),
    };
  }

  async generationOf(taskId: string, options: CallOptions): Promise<number | null> {
    this.#answer(options);
    const tasks = [...this.#services.values()].flatMap((service) => service.tasks);
    return tasks.find(({ id }) => id === taskId)?.generation ?? null;
  }

  async failures(id: string, options: CallOptions): Promise<readonly FailedTask[]> {
    this.#answer(options);
    return this.#services.get(id)?.failures ?? [];
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
    // The same spec again resumes an update that was paused; it is not a new one.
    const isResumed = service.rollout.state === 'paused' && generation === service.generation;
    if (!isResumed) service.generationBefore = service.generation;
    service.generation = generation;
    const startedAtMs = isResumed ? service.rollout.startedAtMs : this.#clock.now();
    service.rollout = { state: 'rolling', message: 'update in progress', startedAtMs, onlyRestarts: false };
    this.updates.push(`${service.name}@${generation}`);
    this.#changed();
  }

  #startTask(service: SimulatedService): void {
    const task: SimulatedTask = {
      id: `task-${this.#nextId++}`,
      generation: service.generation,
      createdAtMs: this.#clock.now(),
      state: 'running',
      reason: '',
    };
    service.tasks.push(task);
    const used = this.#secrets.filter(({ id }) => service.secretIds.includes(id));
    if (used.every((secret) => this.#deliver(task, secret, service) === 'delivered')) return;
    this.#end(service, task, { started: false, nodeReady: true, message: 'unable to get secret' });
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
