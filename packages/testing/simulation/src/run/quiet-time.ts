import { finalProblems, holdsNewest } from './final-checks.ts';
import type { Run } from './run.ts';

/** A standby polls the provider once in this time, in milliseconds. */
const STANDBY_INTERVAL_MS = 60_000;

/** A value counts within this time after its change, even if it might be an old one, in milliseconds. */
const SETTLES_WITHIN_MS = 90_000;

/** Calls beside the polls: a task that started before the time, a repeated read. Hints cause polls too, so that twice as many are allowed. */
const SPARE_CALLS = 12;

/** What the plugins ask of the provider in a time in which nothing happens, and what they say then. */
export class QuietTime {
  readonly #run: Run;
  readonly #calls: number;
  readonly #startedAtMs: number;
  readonly #rolls: ReadonlyMap<string, number>;

  /**
   * Starts now. A value that is bad may still have to be tried, or is tried again after ever longer times. So is a value
   * that might have failed in another service, and did not. What is not known to be given may be given again.
   */
  constructor(run: Run) {
    this.#run = run;
    this.#startedAtMs = run.timeMs;
    this.#calls = run.provider.calls;
    const inOrder = run.swarm.services.filter((service) => {
      const isKnown = holdsNewest(run, service) && !run.oracle.isDoubtful(service);
      return isKnown && run.truth.badBindings(service).length === 0;
    });
    this.#rolls = new Map(inOrder.map(({ id }) => [id, run.oracle.pastOf(id).rolls]));
  }

  /** What was wrong in this time. */
  end(): readonly string[] {
    return [...this.#rolled(), ...this.#asked(), ...this.#problems()];
  }

  #rolled(): readonly string[] {
    const { swarm, oracle } = this.#run;
    return swarm.services
      .filter(({ id }) => this.#rolls.has(id) && oracle.pastOf(id).rolls !== this.#rolls.get(id))
      .map(({ name }) => `${name} was rolled in a time in which nothing happened`);
  }

  /** Each poll is one probe, or a read of each path where there is no probe; no task starts, so nothing else is read. */
  #asked(): readonly string[] {
    const { swarm, truth, provider, cluster, settings, timeMs } = this.#run;
    const isFailing = swarm.services.some((one) => truth.badBindings(one).length > 0 || truth.isPinnedToBad(one));
    if (isFailing || this.#isSettling()) return [];
    const paths = new Set(swarm.snapshot().secrets.map(({ id, labels }) => labels.vault_path ?? id)).size;
    const services = swarm.services.length;
    const perPoll = provider.abilities.hasProbe ? 1 : paths * services;
    const tookMs = timeMs - this.#startedAtMs;
    const polls = tookMs / settings.intervalMs + ((cluster.managers.size - 1) * tookMs) / STANDBY_INTERVAL_MS;
    const most = 2 * Math.ceil(polls + cluster.managers.size) * perPoll + SPARE_CALLS;
    const calls = provider.calls - this.#calls;
    return calls <= most
      ? []
      : [`the provider was asked ${calls} times in a time in which nothing happened, not ${most}`];
  }

  /**
   * Whether a value may still be in question at the start. Without an order of revisions, a value that differs from the
   * newest one known counts only after a minute, also if it has the same bytes, and is read again and again until then.
   */
  #isSettling(): boolean {
    const { swarm, truth, provider } = this.#run;
    if (provider.abilities.orders !== 'none') return false;
    const paths = swarm.services.flatMap((service) => truth.bindingsOf(service).map(({ path }) => path));
    return paths.some((path) => truth.writtenAtMs(path) > this.#startedAtMs - SETTLES_WITHIN_MS);
  }

  /** If all is in order, the status shows no problem, and no service waits. */
  #problems(): readonly string[] {
    const { swarm, truth, cluster } = this.#run;
    const { leader } = cluster;
    const status = leader === null ? undefined : cluster.manager(leader).process?.rotation.status();
    if (status === undefined) return [];
    const { services } = swarm;
    const isFailing = services.some((one) => truth.badBindings(one).length > 0 || truth.isPinnedToBad(one));
    const hasNoValue = services.some((one) => truth.bindingsOf(one).some(({ text }) => text === undefined));
    // A problem may be of a value that is not rolled out, since its labels say so.
    const isOld = services.some((one) => {
      const uses = truth.bindingsOf(one).filter(({ isPinned }) => !isPinned);
      return swarm
        .runningTasks(one.id)
        .some(({ held }) => uses.some(({ name, text }) => held.get(name)?.text !== text));
    });
    if (isFailing || hasNoValue || isOld || finalProblems(this.#run).length > 0) return [];
    return [
      ...status.services.flatMap(({ name, problem }) => (problem === null ? [] : [`${name}: ${problem.message}`])),
      ...status.services.flatMap(({ name, waitingReason }) =>
        waitingReason === null ? [] : [`${name} ${waitingReason.message}`],
      ),
      ...status.problems.map((problem) => JSON.stringify(problem)),
    ].map((what) => `all is in order, and a plugin says: ${what}`);
  }
}
