import type { RotationStatus, ServiceStatus } from '@vault-swarm/rotation';
import type { SimulatedService } from '../swarm/service.ts';
import { allTasks, expectedSlots } from '../swarm/slots.ts';
import { isAlive } from '../swarm/task.ts';
import type { LeadershipOracle } from './leadership-oracle.ts';
import type { RunContext } from './run-context.ts';
import { isSlow } from './time-slack.ts';

/** The part of the oracle that this check reads. */
interface KnownPast {
  readonly leadership: LeadershipOracle;
  /** Whether it may not be known what the service's running tasks have. */
  isDoubtful(service: SimulatedService): boolean;
}

/** A part of the truth, and since when it is so. */
interface Unchanged {
  readonly truth: string;
  readonly sinceMs: number;
  /** For how long it had been so when the status was last compared with it. */
  checkedAfterMs: number;
}

/** Beside two polls: a pass in which calls are slow is cut off, and the next one made. */
const PASS_MS = 5_000;
const SLOW_PASS_MS = 60_000;
/** Without an order of revisions, or with replicas that lag, a value counts only after this time. */
const COUNTS_AFTER_MS = 90_000;
/** Failures of tasks and of the provider are shown for a while after they ended. */
const SETTLES_WITHIN_MS = 60_000;

const PROVIDER = 'the provider';

/**
 * Whether the status says what is true, during the run: twice in each time in which nothing changes. First when the plugins
 * had the time to see what is so, and again when what was before is not shown any more.
 */
export class StatusTruth {
  readonly #run: RunContext;
  readonly #oracle: KnownPast;
  /** By service id. */
  readonly #unchanged = new Map<string, Unchanged>();
  #starts = 0;
  /** The latest outage of the provider, and its number: between two passes one may end and the next may start. */
  #outage: Error | null = null;
  #outages = 0;

  constructor(run: RunContext, oracle: KnownPast) {
    this.#run = run;
    this.#oracle = oracle;
  }

  /** A process started, or ended: it has to see everything first. */
  startsAnew(): void {
    this.#starts += 1;
  }

  /** A pass of a manager ended, in which Swarm answered. Returns what its status says that is not true. */
  passed(manager: string): readonly string[] {
    const { cluster, swarm } = this.#run;
    const { process } = cluster.manager(manager);
    if (process === null || cluster.leader !== manager || this.#oracle.leadership.leaders.length > 1) return [];
    const due = swarm.services.flatMap((service) => {
      const forMs = this.#unchangedForMs(service.id, this.#truthOf(service));
      return forMs === null ? [] : [{ service, forMs }];
    });
    const providerForMs = this.#unchangedForMs(PROVIDER, this.#truthOfProvider);
    if (due.length === 0 && providerForMs === null) return [];
    const status = process.rotation.status();
    return [
      ...due.flatMap(({ service, forMs }) => this.#service(service, status, forMs > this.#settledMs)),
      ...(providerForMs === null ? [] : this.#providerProblems(status, providerForMs > this.#settledMs)),
    ];
  }

  /** After this time a plugin has seen what is so. */
  get #seenMs(): number {
    const { settings, provider, kinds } = this.#run;
    const passMs = isSlow(this.#run) ? SLOW_PASS_MS : PASS_MS;
    const mayLag = kinds.has('replica lags') || kinds.has('snapshot restored') || provider.abilities.orders === 'none';
    return 2 * settings.intervalMs + passMs + (mayLag ? COUNTS_AFTER_MS : 0);
  }

  /** After this time nothing of what was before is shown any more. */
  get #settledMs(): number {
    return this.#seenMs + SETTLES_WITHIN_MS;
  }

  /** For how long it has been so, if the status is to be compared with it now; else `null`. */
  #unchangedForMs(key: string, truth: string): number | null {
    const { timeMs } = this.#run;
    const before = this.#unchanged.get(key);
    const known = before?.truth === truth ? before : { truth, sinceMs: timeMs, checkedAfterMs: 0 };
    this.#unchanged.set(key, known);
    const forMs = timeMs - known.sinceMs;
    const next = [this.#seenMs, this.#settledMs].find((afterMs) => afterMs >= known.checkedAfterMs);
    if (next === undefined || forMs <= next) return null;
    known.checkedAfterMs = forMs;
    return forMs;
  }

  /** Everything that the status of a service depends on, as one text. */
  #truthOf(service: SimulatedService): string {
    const { truth, ledger } = this.#run;
    const { spec, status, startFault, version } = service;
    const { leader } = this.#run.cluster;
    const tasks = allTasks(service)
      .filter(isAlive)
      .map(({ id, state, held }) => [id, state, ...[...held.values()].map(({ text }) => text)].join(' '));
    // With the time: between two passes a value can become another one and the same again, and so can labels.
    const uses = truth
      .bindingsOf(service)
      .map(({ name, path, text, rotate }) => [name, path, text, truth.changedAtMs(path), rotate].join(' '));
    const entry = ledger?.services[service.id];
    const open = [entry?.rollout?.generation, entry?.rollout?.state, entry?.quarantines.length, ledger === null];
    const others = [spec.replicas, status.state, startFault?.kind, version, this.#provider, this.#starts, leader];
    const relabelled = spec.secretIds.map((id) => truth.relabelledAtMs(id));
    return [...tasks, ...uses, ...relabelled, ...open, ...others].join();
  }

  /** A provider of which no secret's labels can be read is not asked for anything. */
  get #truthOfProvider(): string {
    const { truth, cluster, swarm } = this.#run;
    const readable = swarm.services.flatMap(({ spec }) => spec.secretIds.map((id) => truth.isReadable(id)));
    return [this.#provider, this.#outages, this.#starts, cluster.leader, ...readable].join();
  }

  get #provider(): string {
    const { provider, providerHangs, providerDelayMs } = this.#run;
    if (provider.outage !== null && provider.outage !== this.#outage) {
      this.#outage = provider.outage;
      this.#outages += 1;
    }
    if (provider.outage !== null) return 'away';
    return providerHangs || providerDelayMs > 0 || provider.replica !== null ? 'slow' : 'reached';
  }

  #providerProblems({ problems }: RotationStatus, isSettled: boolean): readonly string[] {
    const isShown = problems.some(({ code }) => code === 'PROVIDER_UNAVAILABLE');
    if (this.#provider === 'reached' && isShown && isSettled && !isSlow(this.#run))
      return ['the status says that the provider is away, which is reached'];
    const { swarm, truth } = this.#run;
    // A provider of which only pinned versions are used is not polled.
    const isAsked = swarm.services.some(
      (service) =>
        service.spec.secretIds.some((id) => truth.isReadable(id)) &&
        truth.bindingsOf(service).some(({ isPinned }) => !isPinned),
    );
    if (this.#provider === 'away' && isAsked && !isShown) return ['the status does not say that the provider is away'];
    return [];
  }

  #service(service: SimulatedService, status: RotationStatus, isSettled: boolean): readonly string[] {
    const shown = status.services.find(({ name }) => name === service.name);
    if (service.kind === 'job' || service.spec.secretIds.length === 0) return [];
    if (shown === undefined) return [`the status does not have ${service.name}`];
    const running = this.#run.swarm.runningTasks(service.id).length;
    // How many nodes fit a global service is not known: those count that have a task.
    const living = allTasks(service).filter(isAlive).length;
    const replicas = service.isGlobal ? living : service.spec.replicas;
    const counts = [
      ...(shown.runningTasks === running ? [] : [`${running} tasks run and not ${shown.runningTasks}`]),
      ...(shown.desiredTasks === replicas ? [] : [`${replicas} tasks shall run and not ${shown.desiredTasks}`]),
    ];
    const problems = [...counts, ...this.#revisions(service, shown, isSettled), ...this.#secrets(service, shown)];
    return problems.map((what) => `the status of ${service.name} is not true: ${what}`);
  }

  /** What it says of the revisions that its tasks have, if that is known. */
  #revisions(service: SimulatedService, shown: ServiceStatus, isSettled: boolean): readonly string[] {
    const { truth, swarm, ledger, kinds } = this.#run;
    const entry = ledger?.services[service.id];
    const isOpen = (entry?.rollout ?? null) !== null || (entry?.quarantines.length ?? 0) > 0;
    const uses = truth.bindingsOf(service).filter(({ isPinned }) => !isPinned);
    const isReadable = service.spec.secretIds.every((id) => truth.isReadable(id));
    const running = swarm.runningTasks(service.id);
    const isKnown = uses.every(({ name, text }) => text !== undefined && running.every(({ held }) => held.has(name)));
    if (ledger === null || isOpen || !isReadable || !isKnown || this.#provider !== 'reached') return [];
    if (truth.badBindings(service).length > 0 || this.#oracle.isDoubtful(service)) return [];
    // A change that was overlooked since there was no ledger is not rolled out later, if only a request rolls for it.
    if (kinds.has('ledger lost') && uses.some(({ isAuto }) => !isAuto)) return [];
    const outdated = running.filter(({ held }) => uses.some(({ name, text }) => held.get(name)?.text !== text)).length;
    // With start-first, a paused update can leave two running tasks in a slot.
    const isWhole = outdated === 0 && running.length >= expectedSlots(service).length;
    const isOver = isWhole && isSettled;
    const isCurrent = shown.state.code === 'current';
    return [
      ...(shown.outdatedTasks === outdated ? [] : [`${outdated} tasks are outdated and not ${shown.outdatedTasks}`]),
      ...(isCurrent && !isWhole ? ['it is called current'] : []),
      ...(isOver && shown.problem !== null ? [`it has a problem: ${shown.problem.message}`] : []),
      ...(isOver && shown.waitingReason !== null ? [`it waits: ${shown.waitingReason.message}`] : []),
    ];
  }

  /** Which of its secrets it says to have no value. */
  #secrets(service: SimulatedService, shown: ServiceStatus): readonly string[] {
    const { truth, swarm } = this.#run;
    if (this.#provider !== 'reached') return [];
    // A pinned version is not polled. Only a task that requests it finds that it is gone.
    const polled = truth.bindingsOf(service).filter(({ isPinned }) => !isPinned);
    return polled.flatMap(({ name, text }) => {
      const secret = service.spec.secretIds.map((id) => swarm.secret(id)).find((one) => one?.name === name);
      // One without a path has another value for each service, of which the status shows one.
      if (secret?.labels.vault_path === undefined || !truth.isReadable(secret.id)) return [];
      const isShown = shown.undeliverableSecrets.includes(name);
      if (text === undefined && !isShown) return [`${name} has no value`];
      return text !== undefined && isShown ? [`${name} has a value`] : [];
    });
  }
}
