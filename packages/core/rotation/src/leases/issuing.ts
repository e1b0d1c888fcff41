import { backoffMs, type Clock, displayText, type Random, withDeadline } from '@vault-swarm/kernel';
import {
  describeRef,
  type Events,
  type IssuedLease,
  type LeaseHolder,
  type LeaseLimit,
  ProviderError,
  type ProviderInstance,
  type SecretRef,
} from '@vault-swarm/provider';
import type { LeaseSet, StoredHolder } from './lease-document.ts';

/** What an issue is for. */
export interface IssueRequest {
  readonly serviceId: string;
  readonly serviceName: string;
  readonly generation: number;
  readonly ref: SecretRef;
  readonly leaseKey: string;
  readonly epoch: number;
  /** Whether it is for a rollout. The limit of issues in an hour does not apply. */
  readonly isPlanned: boolean;
  /** How many requests the limit of issues in an hour allows in addition. */
  readonly extraIssues?: number;
}

/** A limit of the plugin does not allow an issue. */
export class LeaseLimitReached extends ProviderError {
  readonly limit: LeaseLimit;

  constructor(limit: LeaseLimit, ref: SecretRef, reason: string) {
    super('RATE_LIMITED', `${describeRef(ref)}: ${reason}`);
    this.limit = limit;
  }
}

/** A new set with its values. */
export interface Issued {
  readonly set: LeaseSet;
  readonly payload: IssuedLease['payload'];
  /** When it may be delivered, in monotonic milliseconds. */
  readonly usableAtMs: number;
  /** How long it lives unless it is renewed; `null`: it is not renewed. */
  readonly renewalMs: number;
}

/** The limits of issues. */
export interface IssueLimits {
  /** How many sets there may be. */
  readonly maxSets: number;
  /** How many issues on request there may be in an hour, for each service and lease key. */
  readonly issuesPerHour: number;
}

/** What issues need from outside. */
export interface IssuePorts {
  readonly findProvider: (name: string) => Promise<ProviderInstance>;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: Events;
  /** Called as soon as there is a holder, before anything is issued under it. */
  readonly onHolder: (holder: StoredHolder) => void;
  readonly onIssued: (issued: Issued) => void;
  /** How many sets there are now. */
  readonly countSets: () => number;
  /** How long until the first credential ends that tasks of a service use, in milliseconds; infinite if none does. */
  readonly leftMs: (serviceId: string) => number;
}

const ISSUE_DEADLINE_MS = 30_000;
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 300_000;
/** The longest pause between attempts while tasks of the service have credentials that have ended. */
const RETRY_ENDED_MS = 30_000;
const HOUR_MS = 3_600_000;

interface Failure {
  readonly error: ProviderError;
  readonly retries: number;
  /** In monotonic milliseconds. */
  readonly notBeforeMs: number;
}

/**
 * Creates credentials: at most one at a time for each generation and lease key, whatever its callers wait for. After a
 * failure there is a backoff, and the answer is the same error meanwhile.
 */
export class Issuing {
  readonly #ports: IssuePorts;
  readonly #limits: IssueLimits;
  readonly #flights = new Map<string, Promise<Issued>>();
  readonly #failures = new Map<string, Failure>();
  /** By service and lease key: when credentials were requested within the last hour. */
  readonly #recent = new Map<string, number[]>();
  /** By service, generation and provider; this process's own. */
  readonly #holders = new Map<string, Promise<LeaseHolder | null>>();
  /** By provider: why it creates no holders. */
  readonly #holderProblems = new Map<string, ProviderError>();

  constructor(limits: IssueLimits, ports: IssuePorts) {
    this.#limits = limits;
    this.#ports = ports;
  }

  /** Why providers create no holders, by their names. */
  get holderProblems(): ReadonlyMap<string, ProviderError> {
    return this.#holderProblems;
  }

  /** The services whose latest issue failed, with the reason. */
  get failures(): readonly { readonly serviceId: string; readonly error: ProviderError }[] {
    return [...this.#failures].map(([key, { error }]) => ({ serviceId: key.slice(0, key.indexOf(' ')), error }));
  }

  /** Why the latest issue for a service and a lease key failed, until the next attempt is due; `undefined` if it did not. */
  failure(serviceId: string, leaseKey: string): ProviderError | undefined {
    const failure = this.#failures.get(keyOf(serviceId, leaseKey));
    return failure !== undefined && this.#ports.clock.monotonic() < failure.notBeforeMs ? failure.error : undefined;
  }

  /**
   * Creates a credential, or joins the issue in flight for the same generation and lease key. It goes on when its callers
   * do not wait any more.
   *
   * @throws {ProviderError} as `LeaseIssuer.issue`; `RATE_LIMITED` if a limit of the plugin is reached.
   */
  issue(request: IssueRequest): Promise<Issued> {
    const key = `${request.generation} ${keyOf(request.serviceId, request.leaseKey)}`;
    const joined = this.#flights.get(key);
    if (joined !== undefined) return joined;
    const failed = this.failure(request.serviceId, request.leaseKey);
    if (failed !== undefined) return Promise.reject(failed);
    const flight = this.#issue(request).finally(() => this.#flights.delete(key));
    this.#flights.set(key, flight);
    flight.catch(() => undefined);
    return flight;
  }

  /** Forgets the failures of services that are gone. */
  keepServices(isKept: (serviceId: string) => boolean): void {
    for (const known of [this.#failures, this.#recent]) {
      for (const key of known.keys()) if (!isKept(key.slice(0, key.indexOf(' ')))) known.delete(key);
    }
  }

  /** Forgets the holders of generations that ended. */
  keepHolders(isKept: (serviceId: string, generation: number) => boolean): void {
    for (const key of this.#holders.keys()) {
      const [serviceId = '', generation = '0'] = key.split(' ');
      // A holder is not in the accounts yet while it is created, and its token is in use while something is issued.
      if (isKept(serviceId, Number(generation)) || this.#isIssuing(serviceId, Number(generation))) continue;
      void this.#holders.get(key)?.then((holder) => holder?.token.wipe());
      this.#holders.delete(key);
    }
  }

  /** The holder of a generation is being revoked: the next issue creates another one. */
  dropHolder(serviceId: string, generation: number): void {
    for (const key of this.#holders.keys())
      if (key.startsWith(`${serviceId} ${generation} `)) this.#holders.delete(key);
  }

  #isIssuing(serviceId: string, generation: number): boolean {
    return [...this.#flights.keys()].some((key) => key.startsWith(`${generation} ${serviceId} `));
  }

  async #issue(request: IssueRequest): Promise<Issued> {
    const { clock, events } = this.#ports;
    const { ref, serviceId, serviceName, leaseKey, generation } = request;
    const key = keyOf(serviceId, leaseKey);
    try {
      this.#checkLimits(request);
      const issued = await withDeadline(clock, ISSUE_DEADLINE_MS, undefined, (signal) =>
        this.#request(request, signal),
      );
      this.#failures.delete(key);
      const { endMs } = issued.set;
      events.emit({
        type: 'lease.issued',
        provider: ref.provider,
        service: serviceName,
        generation,
        ref: describeLocation(ref),
        reason: request.isPlanned ? 'rollout' : 'request',
        endsAtMs: endMs,
      });
      this.#ports.onIssued(issued);
      return issued;
    } catch (cause) {
      const error = ProviderError.from(cause, `${describeRef(ref)}: no credential was issued in time`);
      const retries = (this.#failures.get(key)?.retries ?? -1) + 1;
      const pauseMs = Math.max(
        error.retryAfterMs ?? 0,
        backoffMs(RETRY_FIRST_MS, this.#maxPauseMs(serviceId), retries),
      );
      this.#failures.set(key, { error, retries, notBeforeMs: clock.monotonic() + pauseMs });
      const { code, message } = error;
      events.emit({
        type: 'lease.failed',
        operation: 'issue',
        provider: ref.provider,
        service: serviceName,
        code,
        message,
        ...(error instanceof LeaseLimitReached ? { limit: error.limit } : {}),
      });
      throw error;
    }
  }

  async #request(request: IssueRequest, signal: AbortSignal): Promise<Issued> {
    const { clock, random, findProvider } = this.#ports;
    const { ref, serviceId, leaseKey, generation, epoch } = request;
    const instance = await findProvider(ref.provider);
    if (instance.leases === null)
      throw new ProviderError('INVALID_REF', `${describeRef(ref)}: the provider issues no credentials`);
    const holder = await this.#holderOf(instance, request, signal);
    let issued: IssuedLease;
    try {
      issued = await instance.leases.issue(ref, holder, { signal });
    } catch (error) {
      // The holder's token ended: the next attempt creates another one.
      const isLost = holder !== null && error instanceof ProviderError && error.code === 'UNAUTHENTICATED';
      if (isLost) this.#holders.delete(holderKeyOf(request));
      throw error;
    }
    const nowMs = clock.now();
    const { durationMs, renewable, notAfterMs, tokenTtlMs, leaseId, payload } = issued;
    const isRenewed = renewable && leaseId !== null && durationMs !== null;
    const ends = [
      // The duration needs no agreement of this machine's clock with the provider's.
      isRenewed || durationMs === null ? notAfterMs : nowMs + durationMs,
      holder === null && tokenTtlMs !== null ? nowMs + tokenTtlMs : null,
    ].filter((endMs) => endMs !== null);
    return {
      payload,
      renewalMs: isRenewed ? durationMs : 0,
      usableAtMs: clock.monotonic() + (ref.lease?.settleMs ?? 0),
      set: {
        id: `${generation}-${Math.floor(random.next() * 2 ** 48).toString(36)}`,
        serviceId,
        generation,
        provider: ref.provider,
        leaseKey,
        epoch,
        issuedAtMs: nowMs,
        leaseId,
        renewalMs: isRenewed ? durationMs : 0,
        endMs: ends.length === 0 ? null : Math.max(nowMs, Math.min(...ends)),
        holder: holder?.accessor ?? null,
        knownUntilMs: 0,
      },
    };
  }

  #holderOf(instance: ProviderInstance, request: IssueRequest, signal: AbortSignal): Promise<LeaseHolder | null> {
    const key = holderKeyOf(request);
    const known = this.#holders.get(key);
    if (known !== undefined) return known;
    const created = this.#createHolder(instance, request, signal);
    this.#holders.set(key, created);
    // The next issue tries again, so that a corrected policy takes effect.
    const forget = () => {
      if (this.#holders.get(key) === created) this.#holders.delete(key);
    };
    created.then((holder) => holder ?? forget(), forget);
    return created;
  }

  async #createHolder(
    { name, holders }: ProviderInstance,
    { serviceId, serviceName, generation }: IssueRequest,
    signal: AbortSignal,
  ): Promise<LeaseHolder | null> {
    if (holders === null) return null;
    try {
      const holder = await holders.create({ service: serviceName, generation }, { signal });
      this.#holderProblems.delete(name);
      const { accessor, ttlMs } = holder;
      this.#ports.onHolder({ accessor, serviceId, generation, provider: name, ttlMs });
      return holder;
    } catch (error) {
      if (!(error instanceof ProviderError) || error.code !== 'ACCESS_DENIED') throw error;
      this.#holderProblems.set(name, error);
      return null;
    }
  }

  /** Of the time until credentials of the service end, several attempts are made in each part. */
  #maxPauseMs(serviceId: string): number {
    const leftMs = this.#ports.leftMs(serviceId);
    return leftMs <= 0 ? RETRY_ENDED_MS : Math.max(RETRY_FIRST_MS, Math.min(RETRY_MAX_MS, leftMs / 8));
  }

  /** Records the request, since its answer may be lost. @throws {ProviderError} `RATE_LIMITED` if a limit is reached. */
  #checkLimits({ serviceId, serviceName, leaseKey, ref, isPlanned, extraIssues = 0 }: IssueRequest): void {
    const { maxSets, issuesPerHour } = this.#limits;
    if (this.#ports.countSets() + this.#flights.size >= maxSets) {
      const message = `there are ${maxSets} leases already; raise LEASE_MAX, or find out which services create so many`;
      throw new LeaseLimitReached('LEASE_MAX', ref, message);
    }
    const key = keyOf(serviceId, leaseKey);
    const nowMs = this.#ports.clock.monotonic();
    const recent = (this.#recent.get(key) ?? []).filter((atMs) => nowMs - atMs < HOUR_MS);
    if (isPlanned && !this.#failures.has(key)) return;
    if (recent.length >= issuesPerHour + extraIssues) {
      const message =
        `the service ${displayText(serviceName)} requested ${recent.length} credentials within an hour; find out why its ` +
        'tasks start so often, or raise LEASE_ISSUES_PER_HOUR';
      throw new LeaseLimitReached('LEASE_ISSUES_PER_HOUR', ref, message);
    }
    this.#recent.set(key, [...recent, nowMs]);
  }
}

/** Where a ref's credentials are issued, for people. */
export function describeLocation({ provider, location }: SecretRef): string {
  return describeRef({ provider, location, encoding: 'raw' });
}

function keyOf(serviceId: string, leaseKey: string): string {
  return `${serviceId} ${leaseKey}`;
}

function holderKeyOf({ serviceId, generation, ref }: IssueRequest): string {
  return `${serviceId} ${generation} ${ref.provider}`;
}
