import type { OpenRollout } from '@vault-swarm/rotation/ledger-format';
import { fails } from '../failing.ts';
import type { AttemptedRoll } from '../plugin/cluster.ts';
import type { SimulatedService } from '../swarm/service.ts';
import { expectedSlots, isDesired, liveTask } from '../swarm/slots.ts';
import type { SimulatedTask } from '../swarm/task.ts';
import type { RunContext } from './run-context.ts';
import { isSlow, timeSlackMs } from './time-slack.ts';

/** An update of a plugin, as it was applied. */
interface AppliedRoll {
  readonly timeMs: number;
  /** Slots whose tasks did not run then, although an earlier update of a plugin had made them. */
  readonly downSlots: ReadonlySet<number>;
  /** Whether it brings nothing newer: a further attempt, or a rollback. */
  readonly isRepeated: boolean;
  /** The generation that it undoes, if it is a rollback: Swarm replaces all of its tasks, whichever values they were given. */
  readonly undoes: number | null;
}

/** How old what a plugin knows of a task may be when its update is applied, in milliseconds. */
const MAX_PASS_MS = 30_000;
const PROMPT_MS = 1_000;

/**
 * Whether the plugins take a service further down than its own `update_config` would: Swarm stops after a failure, and
 * leaves the other tasks alone. So does a user. A plugin that updates the service again must not stop healthy tasks while
 * tasks that its earlier update made do not run.
 */
export class NoHarm {
  readonly #run: RunContext;
  /** By service: the latest update of a plugin. */
  readonly #latest = new Map<string, AppliedRoll>();
  /** By service: generations that plugins made since a user last changed it. */
  readonly #generations = new Map<string, Set<number>>();
  /** Services of which Swarm rejected the latest update. It stopped no task, so the next attempt is like a first one. */
  readonly #rejected = new Set<string>();

  constructor(run: RunContext) {
    this.#run = run;
  }

  /** A user changed the service: what does not run may not run for that reason. */
  touched(serviceId: string): void {
    this.#latest.delete(serviceId);
    this.#generations.delete(serviceId);
  }

  /** Swarm rejected a plugin's update. */
  rejected(serviceId: string): void {
    this.#rejected.add(serviceId);
  }

  /** A plugin's update was applied. Returns what is wrong with that, or `null`. */
  rolled(
    service: SimulatedService,
    { generation, before }: AttemptedRoll,
    rollout: OpenRollout | undefined,
    wasTouched: boolean,
  ): string | null {
    const { timeMs } = this.#run;
    const generations = this.#generations.get(service.id) ?? new Set<number>();
    const wasRejected = this.#rejected.delete(service.id) && !generations.has(generation);
    const isFurther = rollout !== undefined && rollout.attempt > 1 && !wasRejected;
    const isRepeated = isFurther || rollout?.direction === 'rollback';
    const undoes = rollout?.direction === 'rollback' ? (before?.spec.generation ?? null) : null;
    this.#latest.set(service.id, { timeMs, isRepeated, downSlots: this.#downSlots(service, generations), undoes });
    this.#generations.set(service.id, generations.add(generation));
    const isUpdating = before?.status.state === 'rolling' || before?.status.state === 'rolling-back';
    if (isUpdating && wasTouched) return 'while the update of its user was not completed';
    // A rollback, or a further attempt, may come first: a user's `--force` has the same tasks started again.
    const isPosted = before?.update != null && before.status.state === 'none';
    if (isPosted && wasTouched && !isRepeated) return 'before Swarm had taken up the update of its user';
    return rollout?.direction === 'rollback' ? null : this.#undeliverable(service);
  }

  /** An update stops a task. Returns what is wrong with that, or `null`. */
  stopping(service: SimulatedService, task: SimulatedTask): string | null {
    const roll = this.#latest.get(service.id);
    if (roll === undefined || !roll.isRepeated || service.update?.isRollback === true) return null;
    // Swarm goes on to the last task then, whatever fails.
    if (service.spec.update.onFailure === 'continue') return null;
    if (task.state !== 'running' || fails(task) || task.generation === roll.undoes) return null;
    const down = [...roll.downSlots].filter((slot) => {
      const live = liveTask(service, slot);
      return isDesired(service, slot) && (live === undefined || live.state !== 'running' || fails(live));
    });
    if (down.length === 0) return null;
    return `${task.id} of ${service.name} was stopped although ${down.length} tasks that the update before made do not run`;
  }

  #downSlots(service: SimulatedService, generations: ReadonlySet<number>): ReadonlySet<number> {
    const { clock } = this.#run;
    const knownSinceMs = clock.now() - (isSlow(this.#run) ? MAX_PASS_MS : PROMPT_MS);
    // Nobody can tell that Swarm has given up the task of a node, since the number of nodes is not known.
    const expected = new Set(expectedSlots(service));
    const down = [...service.slots].filter(([slot, tasks]) => {
      const last = tasks.at(-1);
      if (!expected.has(slot) || last === undefined || !generations.has(last.generation)) return false;
      const hasFailed = tasks.some((task) => {
        return task.state === 'failed' && task.generation === last.generation && task.createdAtMs < knownSinceMs;
      });
      const runs = tasks.some((task) => task.state === 'running' && !fails(task));
      return !runs && hasFailed;
    });
    return new Set(down.map(([slot]) => slot));
  }

  #undeliverable(service: SimulatedService): string | null {
    const { truth, settings, timeMs } = this.#run;
    const knownSinceMs = timeMs - 2 * settings.intervalMs - 2_000 - timeSlackMs(this.#run);
    const missing = truth.bindingsOf(service).find(({ text, path, isPinned }) => {
      return text === undefined && !isPinned && truth.changedAtMs(path) < knownSinceMs;
    });
    return missing === undefined ? null : `though its secret ${missing.name} has no value`;
  }
}
