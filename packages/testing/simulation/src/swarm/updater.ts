import type { RolloutReport } from '@vault-swarm/rotation';
import { NO_UPDATE, type RunningUpdate, type SimulatedService } from './service.ts';
import { allTasks, desiredSlots, isDesired, isDirty, isSlotDirty, liveTask, liveTasks, type Slots } from './slots.ts';
import { isAlive, type SimulatedTask } from './task.ts';

/** What the updater needs of the Swarm around it. */
interface UpdaterWorld {
  readonly now: () => number;
  readonly after: (delayMs: number, callback: () => void) => void;
  readonly reactMs: number;
  /** The service object was written. */
  readonly onWrite: (service: SimulatedService) => void;
  /** A task is stopped to be replaced. */
  readonly onReplace: (service: SimulatedService, task: SimulatedTask) => void;
}

/** Replaces the tasks of services whose spec is another one by now, and gives updates up whose tasks fail. */
export class Updater {
  readonly #world: UpdaterWorld;
  readonly #slots: Slots;

  constructor(world: UpdaterWorld, slots: Slots) {
    this.#world = world;
    this.#slots = slots;
  }

  /** A user's or the plugin's spec was written: whatever was in progress is replaced by what it asks for. */
  specWritten(service: SimulatedService): void {
    service.update = null;
    service.status = NO_UPDATE;
    this.#scale(service, false);
    this.#start(service, false);
  }

  /** Back to the spec before, by Swarm itself or by a user. */
  rollBack(service: SimulatedService): void {
    this.#setStatus(service, 'rolling-back', 'rollback in progress', this.#world.now());
    service.update = null;
    this.#scale(service, true);
    this.#start(service, true);
  }

  /** A task of the service runs, failed or was stopped. */
  taskChanged(service: SimulatedService, task: SimulatedTask): void {
    const { update } = service;
    if (update === null && task.state === 'running') this.#reconcile(service);
    if (update === null || !update.watched.has(task.id)) return;
    const untilMs = update.watched.get(task.id) ?? 0;
    const isFirst = untilMs === Number.POSITIVE_INFINITY;
    if (task.state === 'running') {
      update.watched.set(task.id, this.#world.now() + service.spec.update.monitorMs);
      if (isFirst && this.#isStartFirst(service, update)) this.#stopOthers(service, task);
      if (service.update !== update) return;
    }
    if (task.state === 'failed') {
      update.watched.delete(task.id);
      if (this.#world.now() <= untilMs && this.#taskFailed(service, update, task)) return;
    }
    if (!isFirst) return;
    const { delayMs } = service.spec.update;
    if (delayMs === 0 || update.isRollback) this.#proceed(service, update);
    else this.#world.after(delayMs, () => this.#proceed(service, update));
  }

  /** A rollback goes by `rollback_config`, which nobody gives here: it stops first, does not wait, and pauses. */
  #isStartFirst({ spec }: SimulatedService, { isRollback }: RunningUpdate): boolean {
    return spec.update.order === 'start-first' && !isRollback;
  }

  #stopOthers(service: SimulatedService, { id, slot }: SimulatedTask): void {
    for (const other of service.slots.get(slot) ?? []) {
      if (other.id === id || !isAlive(other)) continue;
      this.#world.onReplace(service, other);
      this.#slots.stop(service, other);
    }
  }

  #start(service: SimulatedService, isRollback: boolean): void {
    const update: RunningUpdate = { isRollback, slots: [], watched: new Map(), dirty: 0, failures: 0, working: 0 };
    service.update = update;
    this.#world.after(this.#world.reactMs, () => {
      if (service.update !== update) return;
      const dirty = desiredSlots(service).filter((slot) => isSlotDirty(service, slot));
      if (dirty.length === 0 && !isRollback) {
        service.update = null;
        return;
      }
      update.slots.push(...dirty);
      update.dirty = dirty.length;
      if (!isRollback) this.#setStatus(service, 'rolling', 'update in progress', this.#world.now());
      const workers = service.spec.update.parallelism || Math.max(1, dirty.length);
      for (let worker = 0; worker < workers; worker++) {
        update.working += 1;
        this.#proceed(service, update);
      }
    });
  }

  /** One worker goes on with the next slot, or ends. */
  #proceed(service: SimulatedService, update: RunningUpdate): void {
    if (service.update !== update) return;
    for (let slot = update.slots.shift(); slot !== undefined; slot = update.slots.shift()) {
      if (!isDesired(service, slot) || !isSlotDirty(service, slot)) continue;
      const clean = liveTasks(service, slot).find((live) => !isDirty(live, service.spec));
      if (clean !== undefined) {
        this.#stopOthers(service, clean);
        if (service.update !== update) return;
        continue;
      }
      const isStartFirst = this.#isStartFirst(service, update);
      for (const live of isStartFirst ? [] : liveTasks(service, slot)) {
        this.#world.onReplace(service, live);
        this.#slots.stop(service, live);
      }
      if (service.update !== update) return;
      update.watched.set(this.#slots.create(service, slot).id, Number.POSITIVE_INFINITY);
      return;
    }
    update.working -= 1;
    if (update.working > 0) return;
    this.#world.after(service.spec.update.monitorMs, () => {
      if (service.update !== update) return;
      service.update = null;
      const state = update.isRollback ? 'rolled-back' : 'completed';
      this.#setStatus(service, state, update.isRollback ? 'rollback completed' : 'update completed');
      this.#world.after(this.#world.reactMs, () => {
        if (service.update === null) this.#reconcile(service);
      });
    });
  }

  /**
   * Stops the old task of a slot in which a new one runs. A task that was started first may have failed, and been started
   * again when the update was already at the next slot.
   */
  #reconcile(service: SimulatedService): void {
    if (service.status.state === 'paused' || service.status.state === 'rollback-paused') return;
    for (const slot of service.slots.keys()) {
      const clean = liveTasks(service, slot).find((live) => live.state === 'running' && !isDirty(live, service.spec));
      if (clean !== undefined) this.#stopOthers(service, clean);
    }
  }

  /** Ends the update that is in progress, and says so in the service's status. */
  markFailed(service: SimulatedService, how: 'pause' | 'rollback', message = 'update paused due to failure'): void {
    const isRollback = service.update?.isRollback === true;
    const { previous } = service;
    if (how === 'pause' || isRollback || previous === null) {
      service.update = null;
      this.#setStatus(service, isRollback ? 'rollback-paused' : 'paused', message);
      return;
    }
    service.spec = previous;
    service.previous = null;
    this.rollBack(service);
  }

  /** Returns whether the update is over because of the failure. */
  #taskFailed(service: SimulatedService, update: RunningUpdate, task: SimulatedTask): boolean {
    const { onFailure, maxFailureRatio } = service.spec.update;
    const { isRollback } = update;
    update.failures += 1;
    if (!isRollback && (onFailure === 'continue' || update.failures / update.dirty <= maxFailureRatio)) return false;
    const message = `update paused due to failure or early termination of task ${task.id}`;
    this.markFailed(service, onFailure === 'rollback' ? 'rollback' : 'pause', message);
    return true;
  }

  #setStatus(
    service: SimulatedService,
    state: RolloutReport['state'],
    message: string,
    startedAtMs = service.status.startedAtMs,
  ): void {
    service.status = { state, message, startedAtMs };
    this.#world.onWrite(service);
  }

  /** Starts and stops tasks until there is one in each slot. Only a rollback starts those again that had been given up. */
  #scale(service: SimulatedService, isRollback: boolean): void {
    for (const task of allTasks(service)) {
      if (isDesired(service, task.slot)) continue;
      this.#slots.stop(service, task);
      service.givenUp.delete(task.slot);
    }
    if (service.kind === 'job') return;
    for (const slot of desiredSlots(service)) {
      const isOver = service.givenUp.has(slot) && !isRollback;
      if (liveTask(service, slot) === undefined && !isOver) this.#slots.create(service, slot);
    }
  }
}
