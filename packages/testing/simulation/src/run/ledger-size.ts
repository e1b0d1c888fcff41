import { type LedgerDocument, type LedgerService, parseLedger } from '@vault-swarm/rotation/ledger-format';
import { allTasks } from '../swarm/slots.ts';
import { isAlive } from '../swarm/task.ts';
import type { LeadershipOracle } from './leadership-oracle.ts';
import type { RunContext } from './run-context.ts';

type Ledger = Pick<LedgerDocument, 'secrets' | 'services'>;

const NO_LEDGER: Ledger = { secrets: {}, services: {} };

/** A ledger with few secrets, services and tasks stays below this, in characters. */
const MAX_CHARACTERS = 24_000;

/** The update of a user takes no longer, in milliseconds. */
const USERS_UPDATE_MS = 120_000;

/** Whether the ledger has no more than what is open needs. */
export class LedgerSize {
  readonly #run: RunContext;
  readonly #leadership: LeadershipOracle;
  readonly #touchedAtMs: (serviceId: string) => number;
  #before: Ledger = NO_LEDGER;

  /** @param touchedAtMs when a user last changed a service. */
  constructor(run: RunContext, leadership: LeadershipOracle, touchedAtMs: (serviceId: string) => number) {
    this.#touchedAtMs = touchedAtMs;
    this.#run = run;
    this.#leadership = leadership;
  }

  /** The ledger was lost: what was open is not known any more. */
  forgets(): void {
    this.#before = NO_LEDGER;
  }

  /** A plugin wrote the ledger. Returns what is too much in it. */
  written(text: string): readonly string[] {
    const before = this.#before;
    const after = parseLedger(text) ?? NO_LEDGER;
    this.#before = after;
    const size = text.length <= MAX_CHARACTERS ? [] : [`the ledger has ${text.length} characters`];
    return [
      ...size,
      ...Object.entries(after.services).flatMap(([id, entry]) => {
        return [...hiddenValues(id, entry), ...this.#recordedForEach(id, before.services[id], entry, before.secrets)];
      }),
    ];
  }

  /** What a completed rollout brought is recorded once, and not for each of its tasks. */
  #recordedForEach(
    id: string,
    before: LedgerService | undefined,
    after: LedgerService,
    known: Ledger['secrets'],
  ): readonly string[] {
    const closed = before?.rollout;
    if (closed?.state !== 'open' || closed.direction !== 'forward' || after.rollout !== null) return [];
    if (this.#leadership.leaders.length > 1) return [];
    // Tasks of a user's own update hold what the service says by then.
    if (this.#run.timeMs - this.#touchedAtMs(id) < USERS_UPDATE_MS) return [];
    const service = this.#run.swarm.services.find((candidate) => candidate.id === id);
    if (service === undefined) return [];
    // Which value tasks hold that do not run yet is recorded for each of them.
    const living = allTasks(service).filter(isAlive);
    if (living.some(({ state }) => state !== 'running')) return [];
    const ofRollout = new Set(living.filter(({ generation }) => generation === closed.generation).map(({ id }) => id));
    return Object.entries(closed.target).flatMap(([key, { revision }]) => {
      // An earlier value may be of the same tasks; and what has just changed, or is not known, says nothing of them.
      if (!service.spec.secretIds.some((secret) => key.endsWith(secret))) return [];
      const latest = known[key]?.revision;
      if (after.previousValues[key] !== undefined || latest === undefined || latest === revision) return [];
      const recorded = Object.entries(after.taskOverrides).filter(([task, values]) => {
        if (!ofRollout.has(task)) return false;
        return values[key]?.revision === revision && before?.taskOverrides[task]?.[key] === undefined;
      });
      return recorded.length < 2
        ? []
        : [`the ledger has ${recorded.length} entries of ${id} for ${revision} of ${key}, and one is enough`];
    });
  }
}

/** The first value that a task is older than counts: one that follows and is not newer says nothing. */
function hiddenValues(id: string, { previousValues }: LedgerService): readonly string[] {
  return Object.entries(previousValues).flatMap(([key, values]) => {
    const isHidden = values.some(({ untilMs }, index) => values.slice(0, index).some((one) => one.untilMs >= untilMs));
    return isHidden ? [`the ledger has an earlier value of ${key} for ${id} that is of no task`] : [];
  });
}
