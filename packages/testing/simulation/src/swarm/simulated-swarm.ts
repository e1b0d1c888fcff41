import type { CallOptions, OrchestratorAdvice } from '@vault-swarm/provider';
import {
  type FailedTask,
  type Leadership,
  type LedgerRecord,
  type LedgerStore,
  type Orchestrator,
  type OrchestratorChanges,
  type Role,
  type RollOptions,
  RolloutRejected,
  type WorkloadSecret,
  type WorkloadSnapshot,
  type WorkloadTask,
  type WriteOutcome,
} from '@vault-swarm/rotation';
import type { SimulatedClock } from '../simulated-clock.ts';
import { LedgerObject } from './ledger-object.ts';
import { type NodeState, Nodes } from './nodes.ts';
import { PausableTimers } from './pausable-timers.ts';
import { NO_UPDATE, type ServiceSpec, type SimulatedService, type StartFault, type UpdateConfig } from './service.ts';
import { allTasks, desiredSlots, isSlotDirty, liveTask, Slots } from './slots.ts';
import { failedTasksOf, taskOf, workloadOf } from './snapshot.ts';
import { PACE, RESTART, type ServiceOptions, type SwarmOptions, UPDATE } from './swarm-options.ts';
import type { Pace, SimulatedTask } from './task.ts';
import { Updater } from './updater.ts';

/** What a manager reads of the Swarm while it is cut off: services and accounts of leases as they were. */
export interface SwarmCopy {
  readonly snapshot: WorkloadSnapshot;
  readonly accounts: LedgerRecord | null;
}

/** A Swarm in memory: its store, its orchestrator, and what its users do. All times are of its clock. */
export class SimulatedSwarm implements Orchestrator, OrchestratorChanges, Leadership, LedgerStore {
  readonly displayName = 'Swarm';
  advice?: OrchestratorAdvice;
  readonly #secrets = new Map<string, WorkloadSecret>();
  readonly #services = new Map<string, SimulatedService>();
  readonly #listeners = new Set<() => void>();
  readonly #nodes: Nodes;
  readonly #timers: PausableTimers;
  readonly #slots: Slots;
  readonly #updater: Updater;
  readonly pace: Pace;
  readonly #ledger = new LedgerObject();
  readonly #leases = new LedgerObject();
  #nextId = 1;
  currentRole: Role = 'leader';
  /** While set, every call rejects with it. */
  outage: Error | null = null;
  /** Called with the labels that a secret had, after it got others. */
  onRelabel: (id: string, before: WorkloadSecret['labels']) => void = () => undefined;
  /** Every update that was applied, a user's or a plugin's: `service@generation`. */
  readonly updates: string[] = [];
  /** What the next calls of `roll` do instead of applying: the update may be applied all the same. */
  readonly rollFaults: ('conflict' | 'unknown' | 'unknown-but-applied' | undefined)[] = [];

  constructor(clock: SimulatedClock, options: SwarmOptions) {
    this.#timers = new PausableTimers(clock);
    this.pace = { ...PACE, ...options.pace };
    this.#nodes = new Nodes(options.nodes ?? ['node-1']);
    const after = (delayMs: number, callback: () => void) => this.#timers.after(delayMs, callback);
    this.#slots = new Slots({
      clock,
      pace: this.pace,
      ask: options.ask,
      after,
      secret: (id) => this.#secrets.get(id),
      pickNode: ({ isGlobal }, slot) => {
        if (!isGlobal) return this.#nodes.pick();
        const node = this.#nodes.ofSlot(slot);
        return this.#nodes.isReady(node) ? node : null;
      },
      isNodeReady: (node) => this.#nodes.isReady(node),
      fails: options.fails,
      nextId: () => this.#nextId++,
      onChange: (service, task) => {
        this.#updater.taskChanged(service, task);
        this.#changed();
      },
    });
    const onWrite = (service: SimulatedService) => {
      service.version += 1;
      this.#changed();
    };
    const onReplace = options.onReplace ?? (() => undefined);
    const common = { after, reactMs: this.pace.reactMs, onWrite, onReplace };
    this.#updater = new Updater({ now: () => clock.now(), ...common }, this.#slots);
  }

  addSecret(
    name: string,
    labels: Readonly<Record<string, string>> = {},
    parts: Pick<WorkloadSecret, 'driverOptions'> = {},
  ): string {
    const id = `secret-${this.#nextId++}`;
    this.#secrets.set(id, { id, name, labels, ...parts });
    this.#changed();
    return id;
  }

  /** What `docker secret update` does to labels: nothing is restarted by it. */
  setLabels(id: string, labels: Readonly<Record<string, string>>): void {
    const secret = this.#secrets.get(id);
    if (secret === undefined) throw new Error(`there is no secret ${id}`);
    this.#secrets.set(id, { ...secret, labels });
    this.onRelabel(id, secret.labels);
    this.#changed();
  }

  /** Of a global service, `replicas` says nothing. */
  addService(name: string, replicas: number, secretIds: readonly string[], options: ServiceOptions = {}): string {
    const id = `service-${this.#nextId++}`;
    const update = { ...UPDATE, ...options.update };
    const { kind = 'service', isGlobal = false, restart = RESTART } = options;
    const common = { generation: 0, image: 'good', edition: 1, secretIds, update, restart } as const;
    const spec: ServiceSpec = { replicas: isGlobal ? this.#nodes.count : replicas, ...common };
    const absent = new Set(isGlobal ? this.#nodes.absentSlots() : []);
    const open = { previous: null, status: NO_UPDATE, update: null, startFault: null, slots: new Map() };
    const service: SimulatedService = {
      id,
      name,
      kind,
      isGlobal,
      absent,
      givenUp: new Set(),
      version: 1,
      spec,
      ...open,
    };
    this.#services.set(id, service);
    for (const slot of desiredSlots(service)) {
      if (options.held === undefined) this.#slots.create(service, slot);
      else this.#slots.startAtOnce(service, slot, options.held);
    }
    this.#changed();
    return id;
  }

  removeService(id: string): void {
    const service = this.#service(id);
    this.#services.delete(id);
    service.update = null;
    for (const task of allTasks(service)) this.#slots.stop(service, task);
    this.#changed();
  }

  /** The user's own `docker service update --force`. */
  forceUpdate(id: string): void {
    const { spec } = this.#service(id);
    this.post(id, { generation: spec.generation + 1 });
  }

  /** The user's own change of something else than secrets. */
  changeSpec(id: string): void {
    const { spec } = this.#service(id);
    this.post(id, { edition: spec.edition + 1 });
  }

  /** Somebody changes something of the service that its tasks are not made from. */
  touch(id: string): void {
    this.#service(id).version += 1;
    this.#changed();
  }

  /** A user posts a spec with these changes. */
  post(
    id: string,
    { update, ...change }: Partial<Omit<ServiceSpec, 'update'>> & { readonly update?: Partial<UpdateConfig> },
  ): void {
    const service = this.#service(id);
    const spec = { ...service.spec, ...change, update: { ...service.spec.update, ...update } };
    if (spec.generation !== service.spec.generation) this.updates.push(`${service.name}@${spec.generation}`);
    this.#write(service, spec);
  }

  /** The user's own `docker service rollback`. Returns whether there was something to go back to. */
  rollBack(id: string): boolean {
    const service = this.#service(id);
    const { previous } = service;
    if (previous === null) return false;
    service.previous = service.spec;
    service.spec = previous;
    this.#updater.rollBack(service);
    return true;
  }

  /** A task of the newest generation ends that should not; where its node is not ready, with the node. */
  loseTask(id: string, nodeReady: boolean): void {
    this.#slots.loseNewest(this.#service(id), nodeReady);
  }

  /** The container of a running task exits by itself. */
  exitTask(id: string, taskId: string, code: number): void {
    const service = this.#service(id);
    const task = allTasks(service).find((one) => one.id === taskId);
    if (task !== undefined) this.#slots.exit(service, task, code);
  }

  /** Swarm gives the update up, as it does when a task of it failed. */
  markFailed(id: string, how: 'pause' | 'rollback'): void {
    this.#updater.markFailed(this.#service(id), how);
  }

  /** The same spec again, as after a change of the service's own labels: a new update, and nothing is known of the one before. */
  relabel(id: string): void {
    this.post(id, {});
  }

  /** From now on the tasks of a service do not start for this reason; `null` lets them start again. */
  setStartFault(id: string, fault: StartFault | null): void {
    const service = this.#service(id);
    service.startFault = fault;
    if (fault === null) this.#slots.assignWaiting(service);
  }

  /** Swarm takes an update, and does not go on with it: seen where one is resumed while a slot is still worked on. */
  forgetUpdate(id: string): void {
    const service = this.#service(id);
    service.update = null;
    service.status = NO_UPDATE;
  }

  /** Takes the ledger away, as an operator might, or replaces its text. */
  loseLedger(text: string | null = null): void {
    this.#ledger.replace(text);
  }

  /** Somebody writes the ledger as it is. */
  touchLedger(): void {
    this.#ledger.replace(this.#ledger.text);
  }

  /** Somebody changes the ledger, so that its store does not trust it, or `restores` it with this message. */
  tamperWithLedger(message: string, how: 'distrusts' | 'restores'): void {
    if (how === 'distrusts') this.#ledger.tamper(message);
    else this.#ledger.replace(this.#ledger.text, { mustRewrite: true, warning: message });
  }

  get ledgerText(): string {
    return this.#ledger.text ?? '';
  }

  get ledgerWrites(): number {
    return this.#ledger.writes;
  }

  /** A node is lost, emptied, or comes back. Tasks of one that is lost end as if their process had failed, or just go. */
  setNode(node: string, state: NodeState, tasksFail = false): void {
    this.#nodes.set(node, state);
    const slot = this.#nodes.slotOf(node);
    for (const service of this.#services.values()) {
      if (service.isGlobal && state === 'ready') service.absent.delete(slot);
      else if (service.isGlobal) service.absent.add(slot);
      if (state === 'ready') this.#slots.assignWaiting(service);
      else this.#slots.leave(service, node, tasksFail);
      const isEmpty = liveTask(service, slot) === undefined;
      if (service.isGlobal && state === 'ready' && isEmpty && isSlotDirty(service, slot))
        this.#slots.create(service, slot);
    }
  }

  /** Every agent connects again: the secrets of all tasks are asked for again. */
  askAgain(): void {
    for (const service of this.#services.values()) {
      for (const task of allTasks(service)) this.#slots.askAgain(task);
    }
  }

  /** Nothing is orchestrated until {@link goOn}: tasks and updates stay as they are. */
  holdUp(): void {
    this.#timers.holdUp();
  }

  goOn(): void {
    this.#timers.goOn();
  }

  /** All services, as they are. */
  get services(): readonly Readonly<SimulatedService>[] {
    return [...this.#services.values()];
  }

  /** The tasks of a service that run. */
  runningTasks(id: string): readonly Readonly<SimulatedTask>[] {
    const service = this.#services.get(id);
    return service === undefined ? [] : allTasks(service).filter(({ state }) => state === 'running');
  }

  secret(id: string): WorkloadSecret | undefined {
    return this.#secrets.get(id);
  }

  async observe(options: CallOptions): Promise<WorkloadSnapshot> {
    this.#answer(options);
    return this.snapshot();
  }

  /** What `observe` answers now. */
  snapshot(): WorkloadSnapshot {
    return { secrets: [...this.#secrets.values()], services: [...this.#services.values()].map(workloadOf) };
  }

  /** What a manager that is cut off sees from now on. */
  copy(): SwarmCopy {
    return { snapshot: this.snapshot(), accounts: this.#leases.record };
  }

  async findTask(taskId: string, options: CallOptions): Promise<WorkloadTask | null> {
    this.#answer(options);
    const task = [...this.#services.values()].flatMap(allTasks).find(({ id }) => id === taskId);
    return task === undefined ? null : taskOf(task);
  }

  async failures(id: string, options: CallOptions): Promise<readonly FailedTask[]> {
    this.#answer(options);
    const service = this.#services.get(id);
    return service === undefined ? [] : failedTasksOf(service);
  }

  async roll(id: string, version: number, generation: number, options: RollOptions): Promise<WriteOutcome> {
    this.#answer(options);
    const fault = this.rollFaults.shift();
    if (fault === 'conflict' || fault === 'unknown') return fault;
    const service = this.#services.get(id);
    if (service === undefined || service.version !== version || options.isDue?.() === false) return 'conflict';
    if (service.startFault?.refusesUpdates === true) throw new RolloutRejected(service.startFault.reason);
    this.updates.push(`${service.name}@${generation}`);
    this.#write(service, { ...service.spec, generation });
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
    return this.#ledger.record;
  }

  async compareAndSet(version: string | null, text: string, options: CallOptions): Promise<WriteOutcome> {
    this.#answer(options);
    return this.#ledger.compareAndSet(version, text);
  }

  /** The second object, with the accounts of leases. */
  readonly leaseLedger: LedgerStore = {
    read: async (options) => {
      this.#answer(options);
      return this.#leases.record;
    },
    compareAndSet: async (version, text, options) => {
      this.#answer(options);
      return this.#leases.compareAndSet(version, text);
    },
  };

  /** The accounts of leases, and how often they were written. */
  get leaseAccounts(): { readonly text: string; readonly writes: number } {
    return { text: this.#leases.text ?? '', writes: this.#leases.writes };
  }

  /** Tells the listeners that the ledger was written, as Docker does. Call it after each write if a test depends on it. */
  reportLedgerWrite(): void {
    this.#changed();
  }

  /** The same spec again is an update too: it resumes one that was paused. */
  #write(service: SimulatedService, spec: ServiceSpec): void {
    service.version += 1;
    service.previous = service.spec;
    service.spec = spec;
    this.#updater.specWritten(service);
    this.#changed();
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
