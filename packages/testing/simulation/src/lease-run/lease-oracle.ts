import type { TimedEvent } from '@vault-swarm/provider';
import type { SimulatedLease, SimulatedLeases } from '../simulated-leases.ts';
import type { SimulatedService } from '../swarm/service.ts';
import { allTasks } from '../swarm/slots.ts';
import { isAlive } from '../swarm/task.ts';
import { IssueRecords } from './issue-records.ts';
import { type LeaseSettings, PATHS, TTL_MS } from './lease-rules.ts';
import { isUnknown, storedLeases } from './stored-leases.ts';

/** What the oracle sees of the world. */
export interface LeaseWorld {
  readonly settings: LeaseSettings;
  readonly leases: SimulatedLeases;
  readonly services: () => readonly Readonly<SimulatedService>[];
  readonly monotonic: () => number;
  /** The accounts of leases, as they are stored. */
  readonly accounts: () => string;
  /** The life of the plugin that leads; `null` if none does. */
  readonly leadingProcess: () => string | null;
  /** How far the clock of a life of the plugin is ahead, in milliseconds. */
  readonly aheadMs: (process: string) => number;
  /** Whether something is wrong now that keeps leases from being replaced: no leader, no plugin on it, no provider. */
  readonly isDisturbed: () => boolean;
}

/** In the last part of its time a credential is due to be renewed or replaced, whatever the jitter is. */
const DUE_PART = 0.28;
/** If nothing disturbed for this long while a credential was due, its end is the plugin's fault. In milliseconds. */
const ENOUGH_MS = 30_000;
/** For how long tasks run before the plugin counts them as healthy. */
const STABLE_MS = 30_000;
/** A task whose credential has ended gets another one within this time without a disturbance. In milliseconds. */
const RECOVERS_MS = 400_000;
/** What no task uses is revoked within this time without a disturbance. In milliseconds. */
const REVOKED_WITHIN_MS = 120_000;
const HOUR_MS = 3_600_000;
/** A task may run by the time its issue ends. In milliseconds. */
const START_MS = 60_000;
/** The answer to an issue takes no longer than this. In milliseconds. */
const ANSWER_MS = 5_000;
/** What an issue that fails for so many seconds may cost. */
const attemptsIn = (seconds: number) => Math.log2(seconds + 1) + 60 + seconds / 25;

/** A life of the plugin that wrote an end into the accounts that is too late, since its clock was ahead. */
interface Ahead {
  readonly process: string;
  readonly byMs: number;
}

/** What is known of a credential that a task uses. */
interface Watched {
  endsAtMs: number;
  /** The longest time without a disturbance since it is due. */
  calmMs: number;
  readonly service: string;
  readonly path: string;
  /** How many others failed in tasks of the service. After each, half of the rest passes before the next one. */
  failedSuccessors: number;
  /** Other lives of the plugin believe the end that this one wrote. */
  ahead: Ahead | null;
  /** Since when a running task uses it although it has ended. */
  endedAtMs: number | null;
}

/** How long a plugin needs without a disturbance to replace a credential that is due, in milliseconds. */
function enoughMs({ spec, status }: Readonly<SimulatedService>): number {
  // Of an update that Swarm forgot, it only knows that it is completed after the tasks have run for 30 s.
  const isForgotten = status.state === 'none' && spec.generation > 0;
  return isForgotten ? ENOUGH_MS + STABLE_MS : ENOUGH_MS;
}

/** Knows what is true in a run of leases, and says what breaks promise 8. */
export class LeaseOracle {
  readonly problems = new Set<string>();
  /** How many credentials ended under a task with an excuse. */
  excused = 0;
  readonly #world: LeaseWorld;
  readonly #watched = new Map<string, Watched>();
  /** Credentials that an operator or a wrong clock ended. */
  readonly #operators = new Set<string>();
  /** Credentials that were issued by a clock that was ahead. */
  readonly #issuedAhead = new Map<string, Ahead>();
  readonly #issues = new IssueRecords();
  /** By process and service: when credentials were issued for tasks that had started, in monotonic milliseconds. */
  readonly #unplanned = new Map<string, readonly number[]>();
  /** By process and service: since when issues fail, and how many attempts there were. */
  readonly #failing = new Map<string, { readonly sinceMs: number; attempts: number }>();
  #events = 0;
  #disturbedAtMs = 0;
  /** The accessors of holders that nobody could renew in time. */
  readonly #endedHolders = new Set<string>();
  /** By accessor of a holder. */
  readonly #usedAtMs = new Map<string, number>();
  readonly #serviceDisturbedAtMs = new Map<string, number>();
  /** Answers that were lost or came too late, and calls that were in flight when a process died. */
  #lost = 0;
  #deaths = 0;
  /** Other credentials of a generation than its first: a restart of the plugin, or an end that was not planned. */
  #ends = 0;

  constructor(world: LeaseWorld) {
    this.#world = world;
  }

  /** Something goes wrong now that may keep leases from being replaced. */
  disturb(): void {
    this.#disturbedAtMs = this.#world.monotonic();
  }

  /** An issue was answered, but the plugin may not know it. */
  lost(): void {
    this.#lost += 1;
    this.disturb();
  }

  died(): void {
    this.#deaths += 1;
    this.disturb();
  }

  /** An operator ends the credentials of a holder, or a single one. */
  endedByOperator(ids: readonly string[]): void {
    for (const id of ids) this.#operators.add(id);
    this.#ends += ids.length;
  }

  /** @param process names the life of the plugin. */
  happened(process: string, event: TimedEvent): void {
    const nowMs = this.#world.monotonic();
    if (event.type === 'lease.failed' && event.operation === 'issue') {
      const key = `${process} ${event.service}`;
      const failing = this.#failing.get(key) ?? { sinceMs: nowMs, attempts: 0 };
      this.#failing.set(key, failing);
      failing.attempts += 1;
      const most = PATHS.length * attemptsIn((nowMs - failing.sinceMs) / 1_000);
      if (failing.attempts > most) this.#violated(`${process} tried ${failing.attempts} issues without a backoff`);
    }
    if (event.type === 'lease.revoked') this.#issues.revoked(`${event.service}@${event.generation}`);
    if (event.type === 'lease.failed' && event.operation === 'revoke') {
      const service = this.#world.services().find(({ name }) => name === event.service);
      const tasks = service === undefined ? [] : allTasks(service).filter(isAlive);
      const used = new Set(tasks.map(({ generation }) => `${event.service}@${generation}`));
      this.#issues.notRevoked(process, event.service, (generation) => used.has(generation));
    }
    if (event.type === 'quarantine.started') {
      for (const watched of this.#watched.values()) {
        const isReplaced = watched.service === event.service && event.secrets.includes(`user of ${watched.path}`);
        if (isReplaced) watched.failedSuccessors += 1;
      }
    }
    if (event.type === 'lease.renewed') this.#renewed(process, event.service);
    if (event.type !== 'lease.issued') return;
    this.#events += 1;
    const { service, generation } = event;
    this.#failing.delete(`${process} ${service}`);
    this.#rememberIssuer(process, event.ref);
    const before = this.#issues.issued(process, `${service}@${generation}`, event.endsAtMs, {
      monotonicMs: nowMs,
      clockMs: this.#wall() + this.#world.aheadMs(process),
      maxTtlMs: this.#world.settings.rules.maxTtlMs,
    });
    if (before >= PATHS.length + this.#ends + this.#lost)
      this.#violated(`${process} issued ${before + 1} credentials for ${service}@${generation}`);
    if (event.reason === 'request') this.#checkRequested(process, service, generation);
  }

  /** Call it each second. */
  check(): void {
    const { leases, settings, monotonic, isDisturbed, services } = this.#world;
    const nowMs = monotonic();
    if (isDisturbed()) this.#disturbedAtMs = nowMs;
    for (const service of services()) {
      if (isHeldUp(service)) this.#serviceDisturbedAtMs.set(service.id, nowMs);
      for (const task of allTasks(service)) {
        if (task.state !== 'running') continue;
        for (const path of PATHS) {
          const user = task.held.get(`user of ${path}`)?.text;
          if (user === undefined) continue;
          const password = task.held.get(`password of ${path}`)?.text;
          if (password !== `password of ${user}`) this.#violated(`${task.id} has ${user} with ${password}`);
          const lease = leases.leases.get(user);
          if (lease?.path !== path) this.#violated(`${task.id} has ${user} of ${lease?.path} for ${path}`);
          else if (!settings.isTight) this.#watch(lease, service, `${task.id} of ${service.name}`);
        }
      }
    }
    for (const { accessor, purpose, endsAtMs } of leases.living.values()) {
      if (this.#isUsed(purpose.service, purpose.generation)) this.#usedAtMs.set(accessor, nowMs);
      if (endsAtMs > this.#wall() || this.#endedHolders.has(accessor)) continue;
      // All that it owned has ended with it, whether or not a task uses it.
      this.#endedHolders.add(accessor);
      this.#issues.revoked(`${purpose.service}@${purpose.generation}`);
    }
    this.#checkCap();
  }

  /** After a calm time: few were issued, and what no task uses is revoked. */
  checkAccounts(): void {
    const { leases, accounts, settings } = this.#world;
    if (leases.issued > this.#events + this.#lost + this.#deaths)
      this.#violated(`${leases.issued} credentials were issued, and ${this.#events} are known`);
    // Without a further credential, rollouts stay open, and nothing of their services is revoked.
    if (settings.isTight) return;
    const { accessors } = storedLeases(accounts());
    const nowMs = this.#world.monotonic();
    for (const { accessor, purpose } of leases.living.values()) {
      const unusedMs = nowMs - Math.max(this.#disturbedAtMs, this.#usedAtMs.get(accessor) ?? 0);
      if (accessors.has(accessor) && unusedMs > REVOKED_WITHIN_MS)
        this.#violated(`the credentials of ${purpose.service}@${purpose.generation} are not revoked`);
    }
  }

  /** After all services were removed, and what no task uses was revoked. */
  checkRemoved(): void {
    const left = this.#left();
    const unknown = this.#lost + PATHS.length * 3 * this.#deaths;
    if (left.length > unknown) this.#violated(`${left.length} credentials are left behind after ${unknown} losses`);
  }

  /** After a holder period more, in which what was lost ends by itself. */
  checkOver(): void {
    for (const { id } of this.#left()) this.#violated(`${id} is left behind`);
    const { sets } = storedLeases(this.#world.accounts());
    if (sets.length > 0) this.#violated(`the accounts still have ${sets.length} sets`);
  }

  #isUsed(name: string, generation: number): boolean {
    const service = this.#world.services().find((one) => one.name === name);
    if (service === undefined) return false;
    return isHeldUp(service) || allTasks(service).some((task) => isAlive(task) && task.generation === generation);
  }

  #rememberIssuer(process: string, ref: string): void {
    const { aheadMs, leases } = this.#world;
    const byMs = aheadMs(process);
    if (byMs <= 0) return;
    for (const { id, path, issuedAtMs } of leases.leases.values()) {
      const isIt = ref.endsWith(path) && this.#wall() - issuedAtMs < ANSWER_MS && !this.#issuedAhead.has(id);
      if (isIt) this.#issuedAhead.set(id, { process, byMs });
    }
  }

  /** The end that a renewal gave is stored if it is the last. What can't be renewed keeps the end that its issuer wrote. */
  #renewed(process: string, service: string): void {
    const { aheadMs, settings } = this.#world;
    const byMs = aheadMs(process);
    if (byMs <= 0 || !settings.rules.renewable) return;
    for (const watched of this.#watched.values()) if (watched.service === service) watched.ahead = { process, byMs };
  }

  #left(): readonly SimulatedLease[] {
    return this.#world.leases.valid.filter(({ keepsLease }) => keepsLease);
  }

  #watch(lease: SimulatedLease, service: Readonly<SimulatedService>, user: string): void {
    const { id: serviceId, name } = service;
    const { leases, settings, monotonic, leadingProcess } = this.#world;
    const nowMs = monotonic();
    const endsAtMs = leases.endsAtMs(lease.id);
    const watched = this.#watched.get(lease.id) ?? {
      ...{ endsAtMs, calmMs: 0, endedAtMs: null, service: name, path: lease.path, failedSuccessors: 0 },
      ahead: this.#issuedAhead.get(lease.id) ?? null,
    };
    this.#watched.set(lease.id, watched);
    const disturbedAtMs = Math.max(this.#disturbedAtMs, this.#serviceDisturbedAtMs.get(serviceId) ?? 0);
    if (watched.endedAtMs !== null) {
      if (nowMs - Math.max(disturbedAtMs, watched.endedAtMs) > RECOVERS_MS)
        this.#violated(`${user} still has ${lease.id}, which ended long ago`);
      return;
    }
    if (leases.isValid(lease.id)) {
      const isRenewed = endsAtMs > watched.endsAtMs;
      const periodMs = Math.min(TTL_MS, settings.rules.maxTtlMs);
      const { ahead } = watched;
      // To another life of the plugin it is due later, by as much as the clock was ahead that wrote its end.
      const lateMs = ahead !== null && leadingProcess() !== ahead.process ? ahead.byMs : 0;
      const dueAtMs = endsAtMs - periodMs * DUE_PART * 0.5 ** watched.failedSuccessors + lateMs;
      const calmMs = endsAtMs === watched.endsAtMs && dueAtMs < this.#wall() ? this.#wall() - dueAtMs : 0;
      watched.calmMs = isRenewed ? 0 : Math.max(watched.calmMs, Math.min(calmMs, nowMs - disturbedAtMs));
      watched.endsAtMs = endsAtMs;
      return;
    }
    watched.endedAtMs = nowMs;
    if (this.#operators.has(lease.id)) return;
    this.#ends += 1;
    const isRevoked = lease.isRevoked || (lease.holder !== null && !leases.living.has(lease.holder));
    if (isRevoked) this.#violated(`${lease.id} was revoked under ${user}`);
    else if (watched.calmMs >= enoughMs(service)) this.#violated(`${lease.id} ended under ${user}`);
    else this.excused += 1;
  }

  #wall(): number {
    return this.#world.leases.nowMs();
  }

  /** A credential for tasks that are starting, rather than for a rollout that follows. None is issued for running tasks. */
  #checkRequested(process: string, name: string, generation: number): void {
    const { settings, services, monotonic } = this.#world;
    const service = services().find((one) => one.name === name);
    if (service === undefined) return;
    const tasks = allTasks(service).filter((task) => task.generation === generation);
    const key = `${process} ${name}`;
    const nowMs = monotonic();
    // Swarm keeps the latest tasks only: one that ended during the issue may be gone.
    const isStarting =
      tasks.length === 0 || tasks.some(({ startedAtMs }) => startedAtMs === null || nowMs - startedAtMs < START_MS);
    if (!isStarting) this.#violated(`${process} issued a credential for running tasks of ${name}@${generation}`);
    const recent = [...(this.#unplanned.get(key) ?? []).filter((atMs) => nowMs - atMs < HOUR_MS), nowMs];
    this.#unplanned.set(key, recent);
    const most = (service.spec.secretIds.length / 2) * settings.issuesPerHour;
    if (recent.length > most) this.#violated(`${process} issued ${recent.length} credentials for ${name} in an hour`);
  }

  #checkCap(): void {
    const { settings, accounts } = this.#world;
    if (!settings.isTight) return;
    const known = storedLeases(accounts()).sets.filter((set) => !isUnknown(set));
    // Two leaders may each issue the last one.
    if (known.length > settings.maxSets + settings.managers.length - 1)
      this.#violated(`there are ${known.length} sets, and the most is ${settings.maxSets}`);
  }

  #violated(problem: string): void {
    this.problems.add(problem);
  }
}

/** Whether a user's update, or what it broke, keeps the service from being rolled. */
function isHeldUp({ spec, status, update, startFault }: Readonly<SimulatedService>): boolean {
  const isPaused = status.state === 'paused' || status.state === 'rollback-paused';
  return spec.image === 'broken' || isPaused || update !== null || startFault !== null;
}
