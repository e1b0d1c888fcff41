import { type Clock, DeadlineExceeded, withDeadline } from '@vault-swarm/kernel';
import {
  type CallOptions,
  describeRef,
  type LeasedAnswer,
  type LeasedRequest,
  leaseKey,
  ProviderError,
  type SecretRef,
  selectValue,
} from '@vault-swarm/provider';
import type { LedgerService } from '../ledger/ledger.ts';
import type { RollAction } from '../planner/decision.ts';
import type { Orchestrator, WorkloadTask } from '../ports/orchestrator.ts';
import type { HeldLeases } from './held-leases.ts';
import type { Issued, IssueRequest, Issuing } from './issuing.ts';
import type { LeaseAccounts } from './lease-accounts.ts';
import { setsOf } from './lease-changes.ts';
import { isAdopted, type LeaseSet } from './lease-document.ts';
import type { LeaseUses } from './lease-uses.ts';
import { revisionOfEpoch } from './plan-epochs.ts';

/** What requests of tasks need. */
export interface RequestPorts {
  readonly accounts: LeaseAccounts;
  readonly held: HeldLeases;
  readonly issuing: Issuing;
  readonly orchestrator: Pick<Orchestrator, 'findTask'>;
  readonly clock: Clock;
  readonly uses: () => LeaseUses;
  /** The epoch of the tasks of a generation. */
  readonly epochOf: (serviceId: string, leaseKey: string, generation: number, entry: LedgerService) => number;
  /** Called after a request had the accounts read again. */
  readonly onAccounts: () => void;
  /** Called if a generation needs more sets than it may have. */
  readonly onLost: (serviceId: string, generation: number) => void;
  /** Called if a task uses credentials of a generation, or will. */
  readonly onUse: (of: Pick<LeaseSet, 'serviceId' | 'generation'>) => void;
}

/**
 * If a generation needs more sets than this, since their values are lost again and again, its service is rolled to a new
 * one. Until then the limit of issues in an hour applies: a task that does not start could keep the rollout from starting.
 */
const MAX_SETS_OF_GENERATION = 2;
/** How long to wait for a task's state. */
const LOOK_UP_MS = 300;
const LOOKUP_BACKOFF_MS = 5_000;
const ISSUE_DEADLINE_MS = 10_000;

/** Gives the tasks of a generation its credentials, and has them issued: before the rollout, else on request. */
export class LeaseRequests {
  readonly #ports: RequestPorts;
  readonly #observed = Promise.withResolvers<void>();
  #isObserved = false;
  #waitUntilMs: number | null = null;
  #noLookupUntilMs = Number.NEGATIVE_INFINITY;

  constructor(ports: RequestPorts) {
    this.#ports = ports;
  }

  /** Requests are answered from the first observation on. */
  ready(): void {
    this.#isObserved = true;
    this.#observed.resolve();
  }

  /**
   * The value of a leased secret for a task. Never rejects with anything but a `ProviderError` or `DeadlineExceeded`.
   */
  async deliver(request: LeasedRequest): Promise<LeasedAnswer> {
    const { accounts, clock, held, issuing, uses } = this.#ports;
    const { ref, serviceId, serviceName, taskId, untilMs } = request;
    const key = leaseKey(ref) ?? '';
    if (serviceId === undefined || serviceId === '' || taskId === undefined || taskId === '') {
      throw new ProviderError(
        'INVALID_REF',
        `${describeRef(ref)}: the request names no service or task, so nothing is issued`,
      );
    }
    await this.#untilObserved(ref, untilMs);
    const known = uses().task(taskId) ?? (await this.#lookUp(taskId, untilMs));
    const given = held.valuesGivenTo(taskId, key, clock.now());
    // In a lockdown nothing is served from memory. A task that starts still needs all parts of one credential.
    if (held.isLockedDown && known?.state === 'running') return { kind: 'already-delivered' };
    if (given !== undefined) return this.#answer(given, request);
    if (known === null) throw unavailable(ref, 'its task is not known, so it is not clear which credential it needs');
    const { generation } = known;
    const setsNow = () => setsOf(accounts.view, serviceId, generation, key);
    const valuesNow = () => held.valuesOf(setsNow(), clock.now());
    if (known.state === 'running') {
      const [only] = valuesNow();
      if (only === undefined || setsNow().length > 1) return { kind: 'already-delivered' };
      // It may have another one, from a process that ended before it could write that.
      return this.#answer(only, request, 'cache', { isKept: false });
    }
    // Another manager may have led meanwhile and revoked what this process holds. If the accounts can't be read, what is
    // known counts: otherwise no task would start for as long as that lasts. If the task gets what was revoked, it is
    // rolled as soon as they can be read.
    if (await accounts.refresh(untilMs - clock.monotonic())) this.#ports.onAccounts();
    const before = valuesNow().at(-1);
    if (before !== undefined) return this.#answer(before, request);
    // The snapshot may be a second old: nothing is issued for a task that runs by now.
    const now = uses().task(taskId) === undefined ? known : ((await this.#lookUp(taskId, untilMs)) ?? known);
    if (now.state === 'running') return { kind: 'already-delivered' };
    if (now.state === 'ended') throw unavailable(ref, 'its task has ended');
    // Meanwhile it may have been issued for another task.
    const latest = valuesNow().at(-1);
    if (latest !== undefined) return this.#answer(latest, request);
    const sets = setsNow();
    const needed = sets.filter((set) => !isAdopted(set)).length;
    if (needed >= MAX_SETS_OF_GENERATION && !held.isLockedDown) this.#ports.onLost(serviceId, generation);
    const issue: IssueRequest = {
      serviceId,
      serviceName: serviceName ?? serviceId,
      generation,
      ref,
      leaseKey: key,
      epoch: sets.at(-1)?.epoch ?? this.#ports.epochOf(serviceId, key, generation, uses().entryOf(serviceId)),
      isPlanned: false,
      // In a lockdown each task that starts needs its own.
      ...(held.isLockedDown ? { extraIssues: uses().livingTasks(serviceId).length } : {}),
    };
    this.#ports.onUse(issue);
    const leftMs = untilMs - clock.monotonic();
    const issued = await withDeadline(clock, leftMs, undefined, () => issuing.issue(issue));
    return this.#answer(issued, request, 'provider');
  }

  /**
   * Issues what the tasks of a generation will need, before the service is updated to it. Returns whether everything can
   * be delivered now. If not, an event says why, or a new credential does not work everywhere yet.
   * @param entry what the ledger says about the service, with the rollout.
   */
  async prepare(
    { serviceId, serviceName, generation }: Pick<RollAction, 'serviceId' | 'serviceName' | 'generation'>,
    entry: LedgerService,
    { signal }: CallOptions,
  ): Promise<boolean> {
    const { accounts, clock, held, issuing } = this.#ports;
    const usable = await Promise.all(
      this.#ports
        .uses()
        .ofService(serviceId)
        .map(async ({ ref, leaseKey: key }) => {
          const sets = setsOf(accounts.view, serviceId, generation, key).filter((set) => !isAdopted(set));
          const values = held.valuesOf(sets, clock.now()).at(-1);
          if (values !== undefined) return clock.monotonic() >= values.usableAtMs;
          const epoch = this.#ports.epochOf(serviceId, key, generation, entry);
          const issue = { serviceId, serviceName, generation, ref, leaseKey: key, epoch, isPlanned: true };
          try {
            const issued = await withDeadline(clock, ISSUE_DEADLINE_MS, signal, () => issuing.issue(issue));
            return clock.monotonic() >= issued.usableAtMs;
          } catch {
            // An event has reported it, or it goes on.
            return false;
          }
        }),
    );
    return usable.every((isUsable) => isUsable);
  }

  /** The value of a set. `isKept`: the task has it from now on. */
  async #answer(
    issued: Issued,
    { ref, taskId = '', untilMs }: LeasedRequest,
    source: 'provider' | 'cache' = 'cache',
    { isKept } = { isKept: true },
  ): Promise<LeasedAnswer> {
    const { clock, held } = this.#ports;
    const waitMs = issued.usableAtMs - clock.monotonic();
    if (waitMs > 0) {
      if (clock.monotonic() + waitMs >= untilMs)
        throw unavailable(ref, 'its new credential is withheld until it works everywhere');
      await new Promise<void>((resolve) => {
        clock.after(waitMs, resolve);
      });
    }
    const { set, payload } = issued;
    if (isKept) held.gave(taskId, set);
    this.#ports.onUse(set);
    return { kind: 'value', value: selectValue(payload, ref), revision: revisionOfEpoch(set.epoch), source };
  }

  async #untilObserved(ref: SecretRef, untilMs: number): Promise<void> {
    if (this.#isObserved) return;
    const { clock } = this.#ports;
    // Many requests come one after the other: none waits longer than the first one.
    this.#waitUntilMs ??= untilMs;
    const leftMs = Math.min(this.#waitUntilMs, untilMs) - clock.monotonic();
    try {
      if (leftMs <= 0) throw new DeadlineExceeded(0);
      await withDeadline(clock, leftMs, undefined, () => this.#observed.promise);
    } catch {
      throw unavailable(ref, 'the plugin has just started and does not know its leases yet');
    }
  }

  async #lookUp(taskId: string, untilMs: number): Promise<WorkloadTask | null> {
    const { clock, orchestrator } = this.#ports;
    const leftMs = Math.min(LOOK_UP_MS, untilMs - clock.monotonic());
    if (leftMs <= 0 || clock.monotonic() < this.#noLookupUntilMs) return null;
    try {
      return await withDeadline(clock, leftMs, undefined, (signal) => orchestrator.findTask(taskId, { signal }));
    } catch {
      this.#noLookupUntilMs = clock.monotonic() + LOOKUP_BACKOFF_MS;
      return null;
    }
  }
}

function unavailable(ref: SecretRef, reason: string): ProviderError {
  return new ProviderError('UNAVAILABLE', `${describeRef(ref)}: ${reason}`);
}
