import { fails } from '../failing.ts';
import type { SimulatedService } from '../swarm/service.ts';
import { desiredSlots, isDesired, liveTasks } from '../swarm/slots.ts';
import type { SimulatedTask } from '../swarm/task.ts';
import type { RunContext } from './run-context.ts';

/** The slots in which an update stopped a healthy task, by their numbers: the latest task that an update stopped there. */
type TakenSlots = Map<number, SimulatedTask>;

/**
 * Whether a service has as many running tasks as its `update_config` under Swarm alone would leave it. One update of
 * Swarm has at most `parallelism` slots at a time in which the task was stopped and the next one neither runs nor has
 * failed; with `start-first` it has none. What fails after that is counted by Swarm itself, by `failure_action`. So the
 * plugins' updates together may not have more such slots than a single update of Swarm.
 */
export class RunningTasks {
  readonly #run: RunContext;
  /** By service, of those that a plugin updated since a user last changed them. */
  readonly #taken = new Map<string, TakenSlots>();

  constructor(run: RunContext) {
    this.#run = run;
  }

  /** A user changed the service: what does not run may not run for that reason. */
  touched(serviceId: string): void {
    this.#taken.delete(serviceId);
  }

  /** A plugin's update was applied. */
  rolled(serviceId: string): void {
    if (!this.#taken.has(serviceId)) this.#taken.set(serviceId, new Map());
  }

  /** Something changed in the Swarm. */
  changed(): void {
    if ([...this.#taken.values()].every(({ size }) => size === 0)) return;
    for (const service of this.#run.swarm.services) {
      const taken: TakenSlots = this.#taken.get(service.id) ?? new Map();
      for (const slot of taken.keys()) {
        if (!isDesired(service, slot) || runs(service, slot)) taken.delete(slot);
      }
    }
  }

  /** An update stops a task. Returns what is wrong with that, or `null`. */
  stopping(service: SimulatedService, task: SimulatedTask): string | null {
    const taken = this.#taken.get(service.id);
    if (taken === undefined || !isDesired(service, task.slot)) return null;
    if (task.state === 'starting' && taken.has(task.slot)) taken.set(task.slot, task);
    if (!isHealthy(task)) return null;
    const { parallelism, order } = service.spec.update;
    const { update } = service;
    const isStartFirst = order === 'start-first' && update?.isRollback !== true;
    const others = [...taken].filter(([slot, stopped]) => slot !== task.slot && isAwaited(service, slot, stopped));
    if (!liveTasks(service, task.slot).some((other) => other.id !== task.id && isHealthy(other)))
      taken.set(task.slot, task);
    const desired = desiredSlots(service).length;
    const most = isStartFirst ? 0 : parallelism || desired;
    const count = others.length + (isStartFirst ? 0 : 1);
    // Swarm rolls back on its own: it does not wait for tasks of the update that failed.
    if (count <= most || update?.isRollback === true) return null;
    return (
      `${task.id} of ${service.name} was stopped, so that ${count} of ${desired} tasks that the plugins replace do not ` +
      `run, and Swarm alone replaces ${most} at a time`
    );
  }
}

function isHealthy(task: SimulatedTask): boolean {
  return task.state === 'running' && !fails(task);
}

function runs(service: SimulatedService, slot: number): boolean {
  return liveTasks(service, slot).some(isHealthy);
}

/** Whether Swarm waits for the task that follows in a slot: it has not run, failed, or left its node, and is not going to fail. */
function isAwaited(service: SimulatedService, slot: number, stopped: SimulatedTask): boolean {
  const tasks = service.slots.get(slot) ?? [];
  return tasks.slice(tasks.indexOf(stopped) + 1).every((task) => task.state === 'starting' && !fails(task));
}
