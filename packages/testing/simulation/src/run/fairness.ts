import type { LeadershipOracle } from './leadership-oracle.ts';
import type { RunContext } from './run-context.ts';

/** A pass may find that a place is free, and what it writes may be too late. */
const MAX_PASSES = 4;
/** An update that Swarm has rejected takes a place only in the passes in which it is made again, in milliseconds. */
const MAX_WAIT_MS = 5_000;

/** How long a service has waited. */
interface Wait {
  readonly passes: number;
  readonly sinceMs: number;
}

/** Whether no service waits for a place while places are free. */
export class Fairness {
  readonly #run: RunContext;
  readonly #leadership: LeadershipOracle;
  /** By manager: in how many passes in a row each service waited although places were free. */
  readonly #waiting = new Map<string, ReadonlyMap<string, Wait>>();
  /** Managers whose plan of the present pass is not in the ledger, or whose update met another one: the places it gave are not seen. */
  readonly #notCarriedOut = new Set<string>();

  constructor(run: RunContext, leadership: LeadershipOracle) {
    this.#run = run;
    this.#leadership = leadership;
  }

  /** What a manager planned in its present pass is not carried out. */
  notCarriedOut(manager: string): void {
    this.#notCarriedOut.add(manager);
  }

  /**
   * A pass of a manager ended. Returns which services have waited for no reason.
   * @param isDone whether it got to the end. One that did not, or whose plan is not carried out, does not count.
   */
  passed(manager: string, isDone: boolean): readonly string[] {
    const { cluster, ledger, settings, timeMs } = this.#run;
    if (this.#notCarriedOut.delete(manager)) {
      this.#waiting.delete(manager);
      return [];
    }
    if (!isDone) return [];
    const before = this.#waiting.get(manager) ?? new Map<string, Wait>();
    this.#waiting.delete(manager);
    const { process } = cluster.manager(manager);
    if (process === null || cluster.leader !== manager || this.#leadership.leaders.length > 1) return [];
    const open = Object.values(ledger?.services ?? {}).filter(({ rollout }) => {
      return rollout?.state === 'open';
    });
    if (open.length >= settings.policy.maxParallel) return [];
    const waiting = process.rotation
      .status()
      .services.filter(({ waitingReason }) => waitingReason?.code === 'PARALLEL_LIMIT');
    const waits = new Map(
      waiting.map(({ name }) => {
        const { passes, sinceMs } = before.get(name) ?? { passes: 0, sinceMs: timeMs };
        return [name, { passes: passes + 1, sinceMs }];
      }),
    );
    this.#waiting.set(manager, waits);
    return [...waits]
      .filter(([, { passes, sinceMs }]) => passes >= MAX_PASSES && timeMs - sinceMs > MAX_WAIT_MS)
      .map(([name]) => `${name} waits for others, of which ${open.length} roll and ${settings.policy.maxParallel} may`);
  }
}
