import {
  type LedgerDocument,
  type OpenRollout,
  parseLedger,
  type SecretVersion,
} from '@vault-swarm/rotation/ledger-format';
import type { SimulatedService } from '../swarm/service.ts';
import { changedValues, isSame } from './changed-values.ts';
import type { LeadershipOracle } from './leadership-oracle.ts';
import type { RunContext } from './run-context.ts';
import { isSlow, timeSlackMs } from './time-slack.ts';

type Services = LedgerDocument['services'];
type Ledger = Pick<LedgerDocument, 'secrets' | 'services'>;

/** How old what a plugin knows may be when its update is applied, in milliseconds. */
const MAX_PASS_MS = 30_000;
const PROMPT_MS = 1_000;

const NO_LEDGER: Ledger = { secrets: {}, services: {} };

/** The part of the oracle that this check reads. */
interface KnownPast {
  readonly leadership: LeadershipOracle;
  /** `touchedAtMs`: when a user last posted something for the service. */
  pastOf(serviceId: string): { readonly touchedAtMs: number };
}

/** How many services start at the same time, and with which values: by what the ledger says before and after each write. */
export class StartedRollouts {
  readonly #run: RunContext;
  readonly #oracle: KnownPast;
  #before = NO_LEDGER;
  /** By service: when its open rollout was first written. */
  readonly #startedAtMs = new Map<string, number>();
  /** By service, ledger key and revision: since when the ledger has had it as one with which tasks failed. */
  readonly #failedAtMs = new Map<string, number>();
  /** What updates that were applied brought, by service, ledger key and revision. */
  readonly #made = new Set<string>();
  /** By manager: rollouts that its process completed since it started, or quarantined something. */
  readonly #completed = new Map<string, number>();

  constructor(run: RunContext, oracle: KnownPast) {
    this.#run = run;
    this.#oracle = oracle;
  }

  /** The process of a manager ended: the next one starts with few services. */
  died(manager: string): void {
    this.#completed.delete(manager);
  }

  /** The ledger was lost: nobody knows what rolls. */
  forgets(): void {
    this.#before = NO_LEDGER;
  }

  /** A user resumed the service's paused update, which had no place until now. */
  resumed(serviceId: string): void {
    this.#startedAtMs.delete(serviceId);
  }

  completed(manager: string): void {
    this.#completed.set(manager, (this.#completed.get(manager) ?? 0) + 1);
  }

  quarantined(manager: string): void {
    this.#completed.delete(manager);
  }

  /** A manager wrote the ledger. Returns what it must not have started. */
  written(manager: string, text: string): readonly string[] {
    const ledger = parseLedger(text) ?? NO_LEDGER;
    const ledgerBefore = this.#before;
    this.#before = ledger;
    this.#noteFailed(ledger);
    const [before, after] = [ledgerBefore.services, ledger.services];
    const started = Object.entries(after).flatMap(([id, { rollout }]) => {
      const earlier = before[id]?.rollout ?? null;
      const isNew = rollout?.direction === 'forward' && rollout.generation !== earlier?.generation;
      return isNew ? [{ id, rollout, earlier }] : [];
    });
    for (const { id } of started) this.#startedAtMs.set(id, this.#run.timeMs);
    const stopped = started.flatMap(({ id, rollout, earlier }) => {
      const own = after[id]?.quarantines ?? [];
      // Its tasks ran with its last good value before, whatever another service's tasks did with it.
      const isLastGood = (key: string, value: SecretVersion) =>
        own.some(({ lastGood }) => isSame(lastGood[key], value));
      const bring = Object.entries(changedValues(rollout)).filter(
        ([key, value]) => !hasBegun(earlier, key, value) && !isLastGood(key, value),
      );
      return bring.flatMap(([key, value]) => {
        const mayRetry = before[id]?.requested.includes(key) === true;
        const failedIn = failingWith(ledger, id, key, value).find((other) => {
          // A set that failed may be the newest again since a snapshot was restored.
          return !mayRetry || !failingWith({ ...ledger, services: before }, id, key, value).includes(other);
        });
        return failedIn === undefined
          ? []
          : [`${id} starts with ${key} ${value.revision}, which failed in ${failedIn}`];
      });
    });
    return [...stopped, ...this.#tooMany(manager, before, after, started)];
  }

  #noteFailed({ services }: Ledger): void {
    const before = new Map(this.#failedAtMs);
    this.#failedAtMs.clear();
    for (const [id, { rollout, quarantines }] of Object.entries(services)) {
      const sets = [...quarantines.map(({ failed }) => failed), rollout?.state === 'failed' ? rollout.target : {}];
      for (const [key, { revision }] of sets.flatMap((set) => Object.entries(set))) {
        const failed = `${id} ${key} ${revision}`;
        this.#failedAtMs.set(failed, before.get(failed) ?? this.#run.timeMs);
      }
    }
  }

  /**
   * A plugin's update was applied, perhaps long after it was intended. Returns what it must not have brought: a value that
   * is known to have failed in another service by then.
   */
  rolled({ id, name }: SimulatedService, rollout: OpenRollout | undefined): readonly string[] {
    const { timeMs, ledger } = this.#run;
    if (rollout === undefined || rollout.direction === 'rollback') return [];
    const knownSinceMs = timeMs - (isSlow(this.#run) ? MAX_PASS_MS : PROMPT_MS);
    return Object.entries(changedValues(rollout)).flatMap(([key, value]) => {
      const made = `${id} ${key} ${value.revision}`;
      const isMade = this.#made.has(made);
      this.#made.add(made);
      if (isMade || ledger === null || ledger.services[id]?.requested.includes(key) === true) return [];
      const other = failingWith(ledger, id, key, value).find((one) => {
        const sinceMs = this.#failedAtMs.get(`${one} ${key} ${value.revision}`);
        return sinceMs !== undefined && sinceMs < knownSinceMs;
      });
      return other === undefined
        ? []
        : [`${name} was rolled to ${key} ${value.revision}, which had failed in ${other}`];
    });
  }

  #tooMany(
    manager: string,
    before: Services,
    after: Services,
    started: readonly { readonly id: string; readonly earlier: OpenRollout | null }[],
  ): readonly string[] {
    const { policy } = this.#run.settings;
    const isRolledBack = (id: string) => {
      return (after[id]?.quarantines.length ?? 0) > (before[id]?.quarantines.length ?? 0);
    };
    // A service that is given its last good values does not wait for a place, even if another value of it is new.
    const own = started.filter(({ id, earlier }) => earlier?.state !== 'open' && !isRolledBack(id));
    if (own.length === 0 || this.#oracle.leadership.leaders.length > 1) return [];
    const isFresh = Object.keys(after).some(isRolledBack);
    const succeeded = isFresh ? 0 : (this.#completed.get(manager) ?? 0);
    const window = Math.min(policy.maxParallel + succeeded, Math.max(policy.maxParallel, policy.maxParallelLimit));
    const rolling = Object.entries(before).filter(
      ([id, { rollout }]) => rollout !== null && this.#isRolling(id, rollout),
    );
    const count = own.length + rolling.filter(([id]) => !own.some((one) => one.id === id)).length;
    if (count <= window) return [];
    return [`${own.map(({ id }) => id).join(', ')} start, so that ${count} services roll and not ${window}`];
  }

  /** Whether a service is known to roll: it started long enough ago, and nobody but the plugin has touched it since. */
  #isRolling(id: string, { attempt, state, direction }: OpenRollout): boolean {
    const { timeMs, settings, swarm } = this.#run;
    const startedAtMs = this.#startedAtMs.get(id) ?? Number.POSITIVE_INFINITY;
    if (attempt > 1 || state !== 'open' || direction === 'rollback') return false;
    if (timeMs - startedAtMs < settings.intervalMs + 2_000 + timeSlackMs(this.#run)) return false;
    if (this.#oracle.pastOf(id).touchedAtMs >= startedAtMs) return false;
    return swarm.services.some((service) => service.id === id && service.status.state === 'rolling');
  }
}

/** Whether the rollout before had brought the value already, so that the service does not start with it now. */
function hasBegun(rollout: OpenRollout | null, key: string, value: SecretVersion): boolean {
  return rollout !== null && rollout.state !== 'failed' && isSame(rollout.target[key], value);
}

/**
 * Ids of the other services of which the ledger says that their tasks failed with the value. A set of which one value was
 * replaced says nothing any more, nor does one that a user rolled back.
 */
function failingWith({ services, secrets }: Ledger, id: string, key: string, value: SecretVersion): readonly string[] {
  const isCurrent = ([member, failed]: [string, SecretVersion]) => {
    const now = secrets[member];
    return now === undefined || isSame(now, failed);
  };
  return Object.entries(services).flatMap(([other, { rollout, quarantines }]) => {
    if (other === id) return [];
    const isFailed = rollout?.state === 'failed' && rollout.direction === 'forward';
    const brought = isFailed ? changedValues(rollout) : {};
    const sets = quarantines.filter(({ isByUser }) => !isByUser).map(({ failed }) => failed);
    if (Object.entries(brought).every(isCurrent)) sets.push(brought);
    return sets.some((failed) => isSame(failed[key], value)) ? [other] : [];
  });
}
