import type { Manager } from '../plugin/cluster.ts';
import type { SimulatedTask } from '../swarm/task.ts';
import type { RunContext } from './run-context.ts';

/** A plugin that has not looked for so long can't know whether another has led in between: an election takes less. */
const KNOWS_FOR_MS = 20_000;

/** Which managers led, or believed so, and since when each has been the one that is asked, as far as its plugin knows. */
export class LeadershipOracle {
  readonly #run: RunContext;
  /** When each manager last led, or believed so. */
  readonly #ledAtMs = new Map<string, number>();
  readonly #leaderSinceMs = new Map<string, number>();
  /** When the latest poll of each manager started. */
  readonly #polledAtMs = new Map<string, number>();
  /** When each manager last started to believe that it leads, and no longer did, though another was asked. */
  readonly #wrong = new Map<string, { readonly sinceMs: number; untilMs: number }>();

  constructor(run: RunContext) {
    this.#run = run;
  }

  /** Who leads, or believes so, in this moment. */
  get leaders(): readonly string[] {
    const { cluster } = this.#run;
    const leads = ({ name, believes }: Manager) => cluster.leader === name || believes === 'leader';
    return [...cluster.managers.values()].filter(leads).map(({ name }) => name);
  }

  /** Takes in who leads: to be called before it changes. */
  note(): void {
    for (const name of this.leaders) this.#ledAtMs.set(name, this.#run.timeMs);
  }

  /** A manager believes that it leads, from now on or till now, though it does not. */
  isWrong(manager: string): void {
    const { timeMs } = this.#run;
    const known = this.#wrong.get(manager);
    if (known?.untilMs === Number.POSITIVE_INFINITY) known.untilMs = timeMs;
    else this.#wrong.set(manager, { sinceMs: timeMs, untilMs: Number.POSITIVE_INFINITY });
  }

  /** Whether a manager may not know that another was asked for a task before, which ran: it believed that it led. */
  mayTakeForItsOwn(manager: string, { state, createdAtMs }: SimulatedTask): boolean {
    const { timeMs, clock } = this.#run;
    const wrong = this.#wrong.get(manager);
    if (state !== 'running' || wrong === undefined) return false;
    const madeAtMs = timeMs - (clock.now() - createdAtMs);
    return madeAtMs > wrong.sinceMs - 1_000 && timeMs - wrong.untilMs < KNOWS_FOR_MS;
  }

  /** Another manager is asked from now on, or none. */
  changes(): void {
    this.note();
    this.#leaderSinceMs.clear();
  }

  /** The plugin of a manager ended. */
  died(manager: string): void {
    this.#leaderSinceMs.delete(manager);
  }

  /** A manager checked the Swarm. */
  looked(manager: string, startedAtMs: number): void {
    this.#polledAtMs.set(manager, startedAtMs);
  }

  /** Whether a manager leads, or has till lately: a pass goes on with what it knew when it started. */
  mayLead(manager: string): boolean {
    this.note();
    const ledAtMs = this.#ledAtMs.get(manager) ?? Number.NEGATIVE_INFINITY;
    return this.#run.timeMs - ledAtMs < 60_000;
  }

  /** Whether a plugin can't know whether another was asked in between. */
  isApart(manager: string): boolean {
    const polledAtMs = this.#polledAtMs.get(manager) ?? Number.NEGATIVE_INFINITY;
    return this.#run.timeMs - polledAtMs > Math.max(KNOWS_FOR_MS, 2 * this.#run.settings.intervalMs);
  }

  /** Whether a plugin has looked since it knows itself to be the one that is asked. */
  hasLooked(manager: string): boolean {
    const leaderSinceMs = this.#leaderSinceMs.get(manager);
    return leaderSinceMs !== undefined && (this.#polledAtMs.get(manager) ?? Number.NEGATIVE_INFINITY) >= leaderSinceMs;
  }

  /** A manager is asked now. Returns for how long its plugin has known itself to be the one, in milliseconds. */
  asked(manager: string): number {
    const { timeMs } = this.#run;
    if (this.isApart(manager) || !this.#leaderSinceMs.has(manager)) this.#leaderSinceMs.set(manager, timeMs);
    return timeMs - (this.#leaderSinceMs.get(manager) ?? timeMs);
  }
}
