import type { WorkloadSecret } from '@vault-swarm/rotation';
import type { SimulatedClock } from '../simulated-clock.ts';
import { Restarts } from './restarts.ts';
import { fingerprintOf, type ServiceSpec, type SimulatedService } from './service.ts';
import { type AskDriver, isAlive, type Pace, type SimulatedTask } from './task.ts';

/** Swarm remembers this many tasks of a slot. */
const TASKS_PER_SLOT = 5;

/** The reason of a task whose secrets were not delivered. */
export const NOT_DELIVERED = 'starting container failed: unable to get secret from secret store';

/** What the slots need of the Swarm around them. */
export interface SlotsWorld {
  readonly clock: SimulatedClock;
  readonly pace: Pace;
  readonly ask: AskDriver;
  /** Calls back after a time in which Swarm works. */
  readonly after: (delayMs: number, callback: () => void) => void;
  readonly secret: (id: string) => WorkloadSecret | undefined;
  /** A node for a new task, or `null` where there is none. */
  readonly pickNode: (service: SimulatedService, slot: number) => string | null;
  readonly isNodeReady: (node: string) => boolean;
  /** Whether a container with these values does not go on running. */
  readonly fails: (task: SimulatedTask) => boolean;
  readonly nextId: () => number;
  readonly onChange: (service: SimulatedService, task: SimulatedTask) => void;
}

/** Makes tasks, runs them, and restarts those that fail. */
export class Slots {
  readonly #world: SlotsWorld;
  readonly #restarts = new Restarts();
  /** The calls of one node come one after the other. */
  readonly #nodeCalls = new Map<string, Promise<void>>();

  constructor(world: SlotsWorld) {
    this.#world = world;
  }

  /** Makes a task for a slot, whose containers start after `delayMs` at the earliest. */
  create(service: SimulatedService, slot: number, delayMs = 0): SimulatedTask {
    const { clock, nextId } = this.#world;
    const { spec } = service;
    const task: SimulatedTask = {
      id: `task-${nextId()}`,
      serviceId: service.id,
      serviceName: service.name,
      slot,
      generation: spec.generation,
      fingerprint: fingerprintOf(spec),
      spec,
      isBroken: spec.image === 'broken',
      secretIds: spec.secretIds,
      createdAtMs: clock.now(),
      node: null,
      state: 'starting',
      reason: '',
      isCompleted: false,
      started: false,
      startedAtMs: null,
      endedAtMs: null,
      nodeReady: true,
      held: new Map(),
    };
    const before = service.slots.get(slot) ?? [];
    const kept = before.filter((known, index) => isAlive(known) || index > before.length - TASKS_PER_SLOT);
    service.slots.set(slot, [...kept, task]);
    service.givenUp.delete(slot);
    this.assign(service, task, delayMs);
    return task;
  }

  /** Gives the task a node, if there is one. */
  assign(service: SimulatedService, task: SimulatedTask, delayMs = 0): void {
    const { pickNode, after, pace } = this.#world;
    const { startFault } = service;
    task.node = startFault?.kind === 'pending' ? null : pickNode(service, task.slot);
    task.reason = task.node === null ? (startFault?.reason ?? 'no suitable node') : '';
    if (task.node === null) return;
    after(pace.reactMs, () => {
      void this.#deliver(task).then((isDelivered) => {
        const rejection = service.startFault?.kind === 'rejected' ? service.startFault.reason : null;
        if (!isDelivered) after(delayMs, () => this.fail(service, task, NOT_DELIVERED));
        else if (rejection !== null) after(delayMs, () => this.fail(service, task, rejection));
        else after(delayMs + pace.bootMs, () => this.#run(service, task));
      });
    });
  }

  /** Asks for the task's secrets, one after the other. An answer to a running task changes nothing in its containers. */
  async #deliver(task: SimulatedTask): Promise<boolean> {
    const node = task.node ?? '';
    const before = this.#nodeCalls.get(node) ?? Promise.resolve();
    const asked = before.then(async () => {
      for (const id of task.secretIds) {
        if (!isAlive(task)) return true;
        const secret = this.#world.secret(id);
        const answer = secret === undefined ? null : await this.#world.ask(task, secret);
        if (secret !== undefined && answer !== null && task.state === 'starting') task.held.set(secret.name, answer);
        if (answer === null && task.state === 'starting') return false;
      }
      return true;
    });
    this.#nodeCalls.set(
      node,
      asked.then(() => undefined),
    );
    return asked;
  }

  /** A leader that is new, or a node that came back, asks for everything again. */
  askAgain(task: SimulatedTask): void {
    if (isAlive(task) && task.node !== null) void this.#deliver(task);
  }

  /** Puts a task into the state that it has once it runs, with what it holds. */
  startAtOnce(service: SimulatedService, slot: number, held: SimulatedTask['held']): void {
    const task = this.create(service, slot);
    for (const [name, value] of held) task.held.set(name, value);
    this.#run(service, task);
  }

  #run(service: SimulatedService, task: SimulatedTask): void {
    if (task.state !== 'starting') return;
    task.state = 'running';
    task.started = true;
    task.startedAtMs = this.#world.clock.now();
    this.#world.onChange(service, task);
    if (!this.#world.fails(task)) return;
    this.#world.after(this.#world.pace.crashMs, () => this.fail(service, task, 'exit code 1'));
  }

  /** The task ends because something went wrong, and its slot is started again. */
  fail(service: SimulatedService, task: SimulatedTask, reason: string): void {
    if (!isAlive(task)) return;
    task.state = 'failed';
    task.reason = reason;
    task.endedAtMs = this.#world.clock.now();
    task.nodeReady = task.node !== null && this.#world.isNodeReady(task.node);
    this.#world.onChange(service, task);
    this.#replace(service, task, this.#world.pace.restartMs);
  }

  /** The container of a running task exits. */
  exit(service: SimulatedService, task: SimulatedTask, code: number): void {
    task.isCompleted = code === 0;
    this.fail(service, task, `exit code ${code}`);
  }

  /** Stops the task: nothing is wrong with it. */
  stop(service: SimulatedService, task: SimulatedTask): void {
    if (!isAlive(task)) return;
    task.state = 'stopped';
    task.endedAtMs = this.#world.clock.now();
    this.#world.onChange(service, task);
  }

  /** A running task of the newest generation ends that should not. */
  loseNewest(service: SimulatedService, nodeReady: boolean): void {
    const running = allTasks(service).filter(({ state }) => state === 'running');
    const task = running.toSorted((a, b) => b.generation - a.generation)[0];
    if (task === undefined) return;
    this.fail(service, task, 'lost');
    task.nodeReady = nodeReady;
  }

  /** There is a node again: tasks that have none are given one. */
  assignWaiting(service: SimulatedService): void {
    for (const task of allTasks(service)) if (isAlive(task) && task.node === null) this.assign(service, task);
  }

  /** A node is away, or shall run nothing: its tasks fail, or other tasks take their places at once. */
  leave(service: SimulatedService, node: string, tasksFail: boolean): void {
    for (const task of allTasks(service)) {
      if (task.node !== node || !isAlive(task)) continue;
      if (tasksFail) {
        this.fail(service, task, 'the node is down');
        continue;
      }
      this.stop(service, task);
      this.#replace(service, task, 0);
    }
    // A global service has a slot for each node. When the node is back, the restart policy decides about its latest task.
    const left = allTasks(service).findLast((task) => task.node === node);
    if (service.isGlobal && left !== undefined && !this.#restarts.mayRestart(service, left))
      service.givenUp.add(left.slot);
  }

  #replace(service: SimulatedService, task: SimulatedTask, delayMs: number): void {
    const isWanted = service.kind === 'service' && isDesired(service, task.slot);
    // Beside an old task that is to be stopped once the new one runs, a new one that failed is started again.
    const isStarted = liveTasks(service, task.slot).some(
      (live) => !isDirty(live, service.spec) || isDirty(task, service.spec),
    );
    if (!isWanted || isStarted) return;
    if (this.#restarts.mayRestart(service, task)) {
      this.#restarts.restarted(service, this.create(service, task.slot, delayMs));
    } else service.givenUp.add(task.slot);
  }
}

/** Whether the service shall have a task in the slot. */
export function isDesired({ spec, absent }: Pick<SimulatedService, 'spec' | 'absent'>, slot: number): boolean {
  return slot < spec.replicas && !absent.has(slot);
}

/** The slots in which the service shall have a task. */
export function desiredSlots(service: Pick<SimulatedService, 'spec' | 'absent'>): readonly number[] {
  const slots = Array.from({ length: service.spec.replicas }, (_, slot) => slot);
  return slots.filter((slot) => isDesired(service, slot));
}

/**
 * The slots in which a task is missed if there is none. How many nodes fit a global service is not in its spec, so that
 * nobody misses a task of it that is not restarted.
 */
export function expectedSlots(service: Readonly<SimulatedService>): readonly number[] {
  const isMissed = (slot: number) => !service.givenUp.has(slot) || liveTask(service, slot) !== undefined;
  return desiredSlots(service).filter((slot) => !service.isGlobal || isMissed(slot));
}

/** The task of a slot that is not over. */
export function liveTask(service: SimulatedService, slot: number): SimulatedTask | undefined {
  return service.slots.get(slot)?.find(isAlive);
}

/** All tasks of a slot that are not over. There is more than one while an update starts the new one first. */
export function liveTasks(service: SimulatedService, slot: number): readonly SimulatedTask[] {
  return (service.slots.get(slot) ?? []).filter(isAlive);
}

/** Whether an update has something to do in a slot. */
export function isSlotDirty(service: SimulatedService, slot: number): boolean {
  const live = liveTasks(service, slot);
  // A task that is not restarted is replaced by updates, if it was made from something else.
  if (live.length === 0 && service.givenUp.has(slot)) return isDirty(service.slots.get(slot)?.at(-1), service.spec);
  return live.length !== 1 || isDirty(live[0], service.spec);
}

/** All tasks that Swarm still knows of. */
export function allTasks({ slots }: SimulatedService): readonly SimulatedTask[] {
  return [...slots.values()].flat();
}

/** Whether the task was made from something else than this. */
export function isDirty(task: SimulatedTask | undefined, spec: ServiceSpec): boolean {
  return task === undefined || task.generation !== spec.generation || task.fingerprint !== fingerprintOf(spec);
}
