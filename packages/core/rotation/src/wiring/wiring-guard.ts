import { type Clock, displayText, errorMessage, quoted } from '@vault-swarm/kernel';
import type { Events, ProviderInstance } from '@vault-swarm/provider';
import type { ServiceBindings } from '../bindings/secret-binding.ts';
import type { LedgerDocument } from '../ledger/ledger.ts';
import type { Role, Workload, WorkloadSecret, WorkloadTask, WriteOutcome } from '../ports/orchestrator.ts';

/** What the guard needs. */
export interface WiringGuardOptions {
  readonly providers: readonly string[];
  readonly findProvider: (name: string) => Promise<ProviderInstance>;
  readonly clock: Clock;
  readonly events: Events;
  /** A rollout that is reported as in progress for this long, although all of its tasks run, always will be. */
  readonly stuckAfterMs: number;
  /** How long an observation as the leader stays valid. If no newer one follows, another process may have led in between. */
  readonly leadershipValidMs: number;
}

/** What one pass observed. */
export interface WiringObservation {
  /** When it started, in monotonic milliseconds. */
  readonly startedAtMs: number;
  readonly role: Role;
  readonly secrets: readonly WorkloadSecret[];
  readonly services: readonly ServiceBindings[];
  /** Whether there is a ledger already. Then another process may have delivered secrets before. */
  readonly hasLedger: boolean;
  readonly ledger: Pick<LedgerDocument, 'services'>;
}

/** An update that the orchestrator accepted. */
interface AppliedRoll {
  readonly generation: number;
  readonly previousGeneration: number;
  readonly fingerprint: string;
  readonly previousTasks: ReadonlySet<string>;
  /** Whether the service had its generation, or a later one. */
  wasMade: boolean;
  /** Whether the latest observation had no task of it, although its update was completed. */
  wasMissing: boolean;
  /** Since when all of its tasks run, in monotonic milliseconds; `null` if they do not all run. */
  runsSinceMs: number | null;
}

/** How many tasks are remembered that requested a revision. */
const MAX_TASKS = 1_000;
/** A process that no longer leads may not know it for this long. */
const LEADERSHIP_LAG_MS = 60_000;
const ROLLBACK_STATES: ReadonlySet<Workload['rollout']['state']> = new Set([
  'rolling-back',
  'rolled-back',
  'rollback-paused',
]);
/** Each message starts with this text. */
export const WIRING_PREFIX = 'wiring: ';

/**
 * Finds ports that do not do what the rotation relies on. Such a mistake would otherwise only show as a rotation that
 * waits. Each kind of mistake is reported once, as `plugin.warning`. The guard has no effect on the rotation.
 */
export class WiringGuard {
  readonly #options: WiringGuardOptions;
  readonly #reported = new Set<string>();
  readonly #rolls = new Map<string, AppliedRoll>();
  /** Tasks for which `choose` was called. */
  readonly #chosen = new Set<string>();
  #records = 0;
  /** Secret ids that no secret had in the latest observation, with their service. */
  #unknownIds: ReadonlySet<string> = new Set();
  /** The tasks of the first observation, which may have requested their secrets before the start. */
  #earlierTasks: ReadonlySet<string> | null = null;
  /** Whether no other process can have delivered secrets: this one made the ledger, and always led. */
  #isAlone: boolean | null = null;
  /** When the latest observation started, in monotonic milliseconds. */
  #observedAtMs = Number.POSITIVE_INFINITY;
  /** Since when tasks run for which nothing was recorded, in monotonic milliseconds; `null` if there are none. */
  #unrecordedSinceMs: number | null = null;
  #latest: ReadonlyMap<string, Workload> = new Map();
  /** Whether any rollout was ever reported as completed. */
  #hasCompleted = false;

  constructor(options: WiringGuardOptions) {
    this.#options = options;
  }

  /** Checks that each provider can be found. */
  start(): void {
    for (const name of this.#options.providers) {
      const report = (reason: string) =>
        this.#report(`find ${name}`, `the provider ${displayText(name)} can't be opened: ${reason}`);
      Promise.resolve()
        .then(() => this.#options.findProvider(name))
        .then(
          (found) => {
            if (typeof found?.secrets?.read === 'function') return;
            report('findProvider must resolve with an instance that has secrets.read');
          },
          (error: unknown) => report(errorMessage(error)),
        );
    }
  }

  /** `choose` was called for this task. */
  chosen(taskId: string | undefined): void {
    if (taskId === undefined || this.#records > 0 || this.#chosen.size >= MAX_TASKS) return;
    this.#chosen.add(taskId);
  }

  /** `record` was called for a revision that `choose` selects. */
  recorded(): void {
    this.#records += 1;
    if (this.#records > 1 || this.#chosen.size > 0) return;
    this.#report(
      'no choose',
      'record was called, and choose was not: call choose for each request, and give the task the revision that it returns',
    );
  }

  /** An update of a service was sent. */
  rolled(serviceId: string, generation: number, outcome: WriteOutcome): void {
    const service = this.#latest.get(serviceId);
    if (outcome !== 'applied' || service === undefined) return;
    const { fingerprint, tasks, generation: previousGeneration } = service;
    const previousTasks = new Set(tasks.map(({ id }) => id));
    this.#rolls.set(serviceId, {
      generation,
      previousGeneration,
      fingerprint,
      previousTasks,
      wasMade: false,
      wasMissing: false,
      runsSinceMs: null,
    });
  }

  /** Compares an observation with what was done before. */
  observed({ startedAtMs, role, secrets, services, hasLedger, ledger }: WiringObservation): void {
    this.#earlierTasks ??= new Set(services.flatMap(({ service }) => service.tasks.map(({ id }) => id)));
    const hasGap = this.#options.clock.monotonic() - this.#observedAtMs > this.#options.leadershipValidMs;
    this.#isAlone = (this.#isAlone ?? !hasLedger) && role === 'leader' && !hasGap;
    this.#observedAtMs = startedAtMs;
    this.#latest = new Map(services.map(({ service }) => [service.id, service]));
    this.#hasCompleted ||= services.some(({ service }) => service.rollout.state === 'completed');
    this.#checkSecretIds(secrets);
    for (const { bindings } of services) {
      for (const { ref, secret } of bindings) this.#checkProvider(ref.provider, secret.name);
    }
    if (role !== 'leader') {
      this.#rolls.clear();
      return;
    }
    for (const service of this.#latest.values()) {
      this.#checkRoll(service, ledger.services[service.id]?.rollout?.generation);
    }
    this.#checkRecords(services);
  }

  #checkSecretIds(secrets: readonly WorkloadSecret[]): void {
    const services = [...this.#latest.values()];
    const usesNone = services.every((service) => service.secretIds.length + service.formerSecretIds.length === 0);
    if (services.length > 0 && secrets.length > 0 && usesNone) {
      this.#report(
        'no secret ids',
        'no service has a secret: secretIds of each service must contain the ids of its secrets, as in secrets of the snapshot',
      );
    }
    // A snapshot need not be from one moment, so that a new secret may be missing once.
    const known = new Set(secrets.map(({ id }) => id));
    const unknown = services.flatMap(({ name, secretIds }) =>
      secretIds.filter((id) => !known.has(id)).map((id) => `${quoted(name)} uses the secret id ${quoted(id)}`),
    );
    const twice = unknown.find((text) => this.#unknownIds.has(text));
    if (twice !== undefined) {
      this.#report('unknown secret id', `the service ${twice}, which is not in secrets of the snapshot`);
    }
    this.#unknownIds = new Set(unknown);
  }

  #checkProvider(provider: string, secret: string): void {
    const { providers } = this.#options;
    if (providers.includes(provider)) return;
    this.#report(
      `provider ${provider}`,
      `the labels of the secret ${quoted(secret)} name the provider ${quoted(provider)}, and providers contains only ` +
        providers.map(quoted).join(', '),
    );
  }

  /**
   * The state `none` is no mistake: the orchestrator forgets an update when its user changes the service in another way,
   * which need not be observed. The rotation does not wait for a report then.
   *
   * @param open the generation of the open rollout. If it is closed, nothing waits for what the guard looks for.
   */
  #checkRoll(service: Workload, open: number | undefined): void {
    const { id, name, generation, fingerprint, rollout, tasks, desiredTasks } = service;
    const roll = this.#rolls.get(id);
    if (roll === undefined) return;
    if (roll.generation !== open) {
      this.#rolls.delete(id);
      return;
    }
    const running = tasks.filter(({ state }) => state === 'running');
    const isOurs = (task: { readonly generation: number }) => task.generation >= roll.generation;
    const areNew = running.length > 0 && running.every((task) => !roll.previousTasks.has(task.id));
    // The next update of its user may have a smaller generation. The roll and its rollback need not have been observed.
    const wasMade = roll.wasMade || generation !== roll.previousGeneration || tasks.some(isOurs);
    const isUndone = ROLLBACK_STATES.has(rollout.state) || (wasMade && generation < roll.generation);
    // A snapshot need not be from one moment: its tasks may be of a rollback that the service does not show yet.
    const { wasMissing } = roll;
    roll.wasMissing = rollout.state === 'completed' && areNew && !running.some(isOurs);
    roll.wasMade ||= generation >= roll.generation;
    if (fingerprint !== roll.fingerprint || generation > roll.generation || isUndone) {
      this.#rolls.delete(id);
    } else if (roll.wasMissing && wasMissing) {
      this.#report(
        'generation',
        `roll was answered with applied, and no task of ${quoted(name)} has the generation ${roll.generation}: set the ` +
          "service's generation to the one that roll gets, and give each task the generation that it is created from",
      );
    } else if (rollout.state === 'rolling') {
      const areAll =
        running.length >= (desiredTasks ?? 1) && tasks.every((task) => task.state === 'ended' || isOurs(task));
      this.#checkCompletion(name, roll, areAll && running.length > 0);
    } else if (rollout.state === 'completed' && running.every(isOurs)) {
      this.#rolls.delete(id);
    }
  }

  #checkCompletion(name: string, roll: AppliedRoll, allRun: boolean): void {
    const nowMs = this.#options.clock.monotonic();
    roll.runsSinceMs = allRun ? (roll.runsSinceMs ?? nowMs) : null;
    // An orchestrator may forget an update if its own leader changes.
    if (this.#hasCompleted || this.#isAlone !== true) return;
    if (roll.runsSinceMs === null || nowMs - roll.runsSinceMs < this.#options.stuckAfterMs) return;
    this.#report(
      'completion',
      `all tasks of ${quoted(name)} run with the generation ${roll.generation}, and its rollout is not reported as ` +
        'completed: report rollout.state "completed" when an update has ended',
    );
  }

  /**
   * Another process may have given a task its secrets while this one still read them for it, or did not know yet that it
   * no longer led. So the tasks must run for a while.
   */
  #checkRecords(services: readonly ServiceBindings[]): void {
    const found = this.#isAlone === true && this.#records === 0 ? this.#unrecorded(services) : null;
    if (found === null) {
      this.#unrecordedSinceMs = null;
      return;
    }
    const nowMs = this.#options.clock.monotonic();
    this.#unrecordedSinceMs ??= nowMs;
    if (nowMs - this.#unrecordedSinceMs < LEADERSHIP_LAG_MS) return;
    if (this.#chosen.size === 0) {
      this.#report(
        'no delivery',
        `tasks of ${quoted(found)} were started, and choose and record were not called: the code that gives secrets to ` +
          'tasks must call both',
      );
    } else {
      this.#report(
        'no record',
        `choose was called for a task of ${quoted(found)}, which runs now, and record was not: call record with what the ` +
          'task was given',
      );
    }
  }

  /** The name of a service with a running task whose secrets this process must have chosen; `null` if there is none. */
  #unrecorded(services: readonly ServiceBindings[]): string | null {
    // An earlier task may request its secrets again, and then none may be delivered.
    const isOurs = ({ id, state }: WorkloadTask) =>
      state === 'running' && this.#earlierTasks?.has(id) !== true && (this.#chosen.size === 0 || this.#chosen.has(id));
    const found = services.find(({ service: { kind, tasks }, bindings }) => {
      // For what is leased, nothing is chosen.
      return kind === 'service' && bindings.some(({ ref }) => ref.lease === undefined) && tasks.some(isOurs);
    });
    return found?.service.name ?? null;
  }

  #report(mistake: string, message: string): void {
    if (this.#reported.has(mistake)) return;
    this.#reported.add(mistake);
    this.#options.events.emit({ type: 'plugin.warning', message: `${WIRING_PREFIX}${message}` });
  }
}
