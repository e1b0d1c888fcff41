import { BoundedMap, type Clock, mapConcurrently, type Random, withDeadline } from '@vault-swarm/kernel';
import { type Events, ProviderError, type ProviderInstance } from '@vault-swarm/provider';
import type { LedgerDocument } from '../ledger/ledger.ts';
import { hasEnded } from './held-leases.ts';
import type { LeaseAccounts } from './lease-accounts.ts';
import { endSets, type LeaseChange, removeHolder, removeSet } from './lease-changes.ts';
import { generationKey, holderId, type LeaseSet, type StoredHolder } from './lease-document.ts';
import type { LeaseUses } from './lease-uses.ts';
import { RenewalSchedule } from './renewal-schedule.ts';
import { mayBeUsed } from './usage.ts';

/** What renewals and revocations need. */
export interface UpkeepPorts {
  readonly accounts: LeaseAccounts;
  readonly findProvider: (name: string) => Promise<ProviderInstance>;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: Events;
  readonly uses: () => LeaseUses;
  /** The name of a service; its id if it is not known any more. */
  readonly nameOf: (serviceId: string) => string;
  /** Called before a set is revoked: no further task may be given its values. */
  readonly onRevoke: (set: LeaseSet) => void;
}

/** Why the latest renewal or revocation of something failed. */
interface Failure {
  readonly operation: 'renew' | 'revoke';
  readonly service: string;
  readonly message: string;
}

type Generation = Pick<LeaseSet, 'serviceId' | 'generation'>;

const CALL_DEADLINE_MS = 10_000;
const MAX_CALLS = 8;
const MAX_KNOWN = 20_000;
const IDLE_MS = 60_000;
const MIN_PAUSE_MS = 500;
/** A grant that is shorter than this part of the request is near the maximum. */
const CUT = 0.95;
const RETRY_REVOKE_MS = 10_000;
/** Nothing is revoked for an observation that is older than this: tasks may have started since. */
const OBSERVATION_HOLDS_MS = 5_000;

/** Renews what tasks use, and revokes what no task uses any more. Only the leader calls {@link run}. */
export class LeaseUpkeep {
  readonly #ports: UpkeepPorts;
  readonly #revokeAfterMs: number;
  readonly #renewals: RenewalSchedule;
  /** By service and generation: since when no task uses it, in monotonic milliseconds. */
  readonly #unusedSince = new Map<string, number>();
  /** What is being revoked, and is not renewed any more. */
  readonly #ending = new Set<string>();
  #observedAtMs = Number.NEGATIVE_INFINITY;
  #writesBefore = 0;
  /** Whether the accounts could be written after the latest observation. */
  #isLeading = false;
  readonly #revokeNotBefore = new Map<string, number>();
  /** By set or holder. */
  readonly #failures = new BoundedMap<Failure>({ maxEntries: MAX_KNOWN });
  /** By set or holder, in milliseconds since 1970. */
  readonly #renewedAtMs = new BoundedMap<number>({ maxEntries: MAX_KNOWN });

  /** @param revokeAfterMs how long the credentials of a generation are kept after its last task ended. */
  constructor(revokeAfterMs: number, ports: UpkeepPorts) {
    this.#revokeAfterMs = revokeAfterMs;
    this.#ports = ports;
    this.#renewals = new RenewalSchedule(() => ports.random.next());
  }

  /** What could not be renewed or revoked, as far as it exists. */
  get failures(): readonly Failure[] {
    const { sets, holders } = this.#ports.accounts.view;
    const ids = [...sets.map(({ id }) => id), ...holders.map(holderId)];
    return ids.flatMap((id) => this.#failures.get(id) ?? []);
  }

  /** Why the latest renewal or revocation of a set, or of the token that owns it, failed; `null` if it did not. */
  failureOf({ id, holder }: Pick<LeaseSet, 'id' | 'holder'>): Pick<Failure, 'operation' | 'message'> | null {
    const ofHolder = holder === null ? undefined : this.#failures.get(holderId({ accessor: holder }));
    const failure = this.#failures.get(id) ?? ofHolder;
    return failure === undefined ? null : { operation: failure.operation, message: failure.message };
  }

  /**
   * When a set was renewed, and when it ends unless it or its holder is renewed, in milliseconds since 1970; `null` if
   * this process does not know.
   */
  renewalOf({ id, holder, renewalMs }: Pick<LeaseSet, 'id' | 'holder' | 'renewalMs'>): {
    readonly renewedAtMs: number | null;
    readonly expiresAtMs: number | null;
  } {
    const { clock } = this.#ports;
    const ids = [...(renewalMs > 0 ? [id] : []), ...(holder === null ? [] : [holderId({ accessor: holder })])];
    const ends = ids.flatMap((one) => this.#renewals.endsAtMs(one) ?? []);
    const endsAtMs = renewalMs > 0 && ends.length > 0 ? Math.min(...ends) : null;
    return {
      renewedAtMs: this.#renewedAtMs.get(id) ?? null,
      expiresAtMs: endsAtMs === null ? null : Math.round(clock.now() + endsAtMs - clock.monotonic()),
    };
  }

  /** Records that a set or holder was created, and lives for `lifeMs`. */
  created(id: string, lifeMs: number): void {
    this.#renewals.renewed(id, lifeMs, this.#ports.clock.monotonic());
  }

  /** Whether a set is being revoked. */
  isEnding({ id, holder }: LeaseSet): boolean {
    return this.#ending.has(id) || (holder !== null && this.#ending.has(holderId({ accessor: holder })));
  }

  /** Records that a task was or will be given credentials of a generation: it is in use. */
  used({ serviceId, generation }: Generation): void {
    this.#unusedSince.delete(generationKey(serviceId, generation));
  }

  /**
   * Finds the generations that no task uses, after an observation. Returns the keys of all generations.
   * @param observedAtMs when the observation started, in monotonic milliseconds.
   */
  findUnused(ledger: LedgerDocument, observedAtMs: number): ReadonlySet<string> {
    const { accounts, clock } = this.#ports;
    this.#isLeading = accounts.writes > this.#writesBefore;
    this.#writesBefore = accounts.writes;
    this.#observedAtMs = observedAtMs;
    const { services } = this.#ports.uses();
    const nowMs = clock.monotonic();
    const generations = new Map<string, Generation>();
    for (const of of [...accounts.view.sets, ...accounts.view.holders])
      generations.set(generationKey(of.serviceId, of.generation), of);
    for (const [key, { serviceId, generation }] of generations) {
      if (mayBeUsed(services.get(serviceId), ledger, generation)) this.#unusedSince.delete(key);
      else if (!this.#unusedSince.has(key)) this.#unusedSince.set(key, nowMs);
    }
    for (const key of this.#unusedSince.keys()) if (!generations.has(key)) this.#unusedSince.delete(key);
    return new Set(generations.keys());
  }

  /** Renews and revokes what is due. Returns the milliseconds until something is due again. */
  async run(signal: AbortSignal): Promise<number> {
    const { accounts, clock } = this.#ports;
    const { sets, holders } = accounts.view;
    const nowMs = clock.monotonic();
    const renewed = new Map<string, number>();
    for (const set of sets) {
      const mayRenew = set.renewalMs > 0 && set.leaseId !== null && !hasEnded(set, clock.now());
      if (mayRenew && !this.isEnding(set)) renewed.set(set.id, set.renewalMs);
    }
    for (const holder of holders) {
      if (!this.#ending.has(holderId(holder))) renewed.set(holderId(holder), holder.ttlMs);
    }
    this.#renewals.keep(renewed, nowMs);
    const calls = [
      ...this.#renewals.due(nowMs).map((id) => () => this.#renew(id, signal)),
      ...this.#toRevoke(nowMs).map((work) => () => work(signal)),
    ];
    await mapConcurrently(calls, MAX_CALLS, (call) => call()).catch(() => undefined);
    const nextAtMs = Math.min(
      this.#renewals.nextAtMs,
      ...[...this.#unusedSince.values()].map((sinceMs) => sinceMs + this.#revokeAfterMs),
      ...this.#revokeNotBefore.values(),
    );
    return Math.min(IDLE_MS, Math.max(MIN_PAUSE_MS, nextAtMs - clock.monotonic()));
  }

  async #renew(id: string, signal: AbortSignal): Promise<void> {
    const { accounts, clock, events } = this.#ports;
    const holder = accounts.view.holders.find((one) => holderId(one) === id);
    const set = accounts.view.sets.find((one) => one.id === id);
    const of = holder ?? set;
    if (of === undefined) return;
    const askedMs = holder?.ttlMs ?? set?.renewalMs ?? 0;
    const isOwn = (one: LeaseSet) => (holder === undefined ? one.id === id : one.holder === holder.accessor);
    try {
      const { lifeMs, isLast } = await withDeadline(clock, CALL_DEADLINE_MS, signal, (own) =>
        this.#requestRenewal(of, holder, set, own),
      );
      this.#renewals.renewed(id, lifeMs, clock.monotonic());
      this.#renewedAtMs.set(id, Math.round(clock.now()));
      this.#failures.delete(id);
      if (isLast || lifeMs < askedMs * CUT) accounts.change(endSets(isOwn, clock.now() + lifeMs));
      events.emit({ type: 'lease.renewed', provider: of.provider, service: this.#nameOf(of) });
    } catch (cause) {
      if (signal.aborted) return;
      const error = ProviderError.from(cause, 'the lease was not renewed in time');
      this.#renewals.failed(id, clock.monotonic());
      this.#reportFailure('renew', id, of, error);
      // There is no such lease any more: only new credentials help.
      if (error.code !== 'NOT_FOUND' || !error.isProven) return;
      this.#renewals.gone(id);
      accounts.change(endSets(isOwn, clock.now()));
    }
  }

  async #requestRenewal(
    { provider }: Pick<LeaseSet, 'provider'>,
    holder: StoredHolder | undefined,
    set: LeaseSet | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly lifeMs: number; readonly isLast: boolean }> {
    const { leases, holders } = await this.#ports.findProvider(provider);
    if (holder !== undefined && holders !== null)
      return { lifeMs: await holders.renew(holder.accessor, { signal }), isLast: false };
    if (set === undefined || set.leaseId === null || leases === null)
      throw new ProviderError('INVALID_REF', 'the provider issues no credentials any more');
    const { durationMs, renewable } = await leases.renew(set.leaseId, set.renewalMs, { signal });
    return { lifeMs: durationMs, isLast: !renewable };
  }

  /** The revocations that are due: of holders with all they own, and of leases without a holder. */
  #toRevoke(nowMs: number): readonly ((signal: AbortSignal) => Promise<void>)[] {
    const { accounts, findProvider } = this.#ports;
    const holders = accounts.view.holders.filter((holder) => this.#isToRevoke(holder, holderId(holder), nowMs));
    const sets = accounts.view.sets.filter((set) => set.holder === null && this.#isToRevoke(set, set.id, nowMs));
    if (holders.length + sets.length === 0) return [];
    // A manager that was cut off may believe that it leads, and see no tasks that others have started.
    if (!this.#isLeading || nowMs - this.#observedAtMs > OBSERVATION_HOLDS_MS) {
      accounts.mustWrite();
      return [];
    }
    return [
      ...holders.map(
        (holder) => (signal: AbortSignal) =>
          this.#revoke(holder, holderId(holder), removeHolder(holder.accessor), signal, async (own) =>
            (await findProvider(holder.provider)).holders?.revoke(holder.accessor, { signal: own }),
          ),
      ),
      ...sets.map(
        (set) => (signal: AbortSignal) =>
          this.#revoke(set, set.id, removeSet(set.id), signal, async (own) => {
            const { leases } = await findProvider(set.provider);
            if (set.leaseId !== null) await leases?.revoke(set.leaseId, { signal: own });
          }),
      ),
    ];
  }

  /** A revocation that was started is repeated until it succeeds: its credentials are given to no task any more. */
  #isToRevoke({ serviceId, generation }: Generation, id: string, nowMs: number): boolean {
    const sinceMs = this.#unusedSince.get(generationKey(serviceId, generation));
    const isOver = sinceMs !== undefined && nowMs - sinceMs >= this.#revokeAfterMs;
    return (isOver || this.#ending.has(id)) && nowMs >= (this.#revokeNotBefore.get(id) ?? 0);
  }

  async #revoke(
    of: LeaseSet | StoredHolder,
    id: string,
    change: LeaseChange,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<unknown>,
  ): Promise<void> {
    const { accounts, clock, events, onRevoke } = this.#ports;
    const accessor = 'accessor' in of ? of.accessor : undefined;
    // A task may have started since this was planned.
    if (!this.#isToRevoke(of, id, clock.monotonic())) return;
    for (const set of accounts.view.sets) {
      if (set.id !== id && set.holder !== accessor) continue;
      // A task that starts from now on gets other credentials, and a renewal that failed does not matter any more.
      onRevoke(set);
      if (this.#failures.get(set.id)?.operation === 'renew') this.#failures.delete(set.id);
    }
    this.#ending.add(id);
    try {
      await withDeadline(clock, CALL_DEADLINE_MS, signal, work);
      this.#ending.delete(id);
      this.#failures.delete(id);
      this.#revokeNotBefore.delete(id);
      accounts.change(change);
      const { provider, generation } = of;
      events.emit({ type: 'lease.revoked', provider, service: this.#nameOf(of), generation });
    } catch (cause) {
      if (signal.aborted) return;
      this.#revokeNotBefore.set(id, clock.monotonic() + RETRY_REVOKE_MS);
      this.#reportFailure('revoke', id, of, ProviderError.from(cause, 'the lease was not revoked in time'));
    }
  }

  #reportFailure(
    operation: 'renew' | 'revoke',
    id: string,
    of: LeaseSet | StoredHolder,
    { code, message }: ProviderError,
  ): void {
    const service = this.#nameOf(of);
    this.#failures.set(id, { operation, service, message });
    this.#ports.events.emit({ type: 'lease.failed', operation, provider: of.provider, service, code, message });
  }

  #nameOf({ serviceId }: Generation): string {
    return this.#ports.nameOf(serviceId);
  }
}
