import { type Clock, displayMessage, displayText } from '@vault-swarm/kernel';
import { isOutageCode, type ProductEvent, type SecretConsumer, type SecretRef } from '@vault-swarm/provider';
import { outdatedTasks } from '../bindings/binding-state.ts';
import type { ClusterBindings, ServiceBindings } from '../bindings/secret-binding.ts';
import {
  changedValues,
  type LedgerDocument,
  type LedgerService,
  type Lockdown,
  NOTHING_OPEN,
  type OpenRollout,
} from '../ledger/ledger.ts';
import type { UnusableLedger } from '../ledger/stored-ledger.ts';
import type { Plan, ServicePlan } from '../planner/plan.ts';
import { causesOf } from '../planner/rollout-cause.ts';
import { MAX_IN_A_ROW } from '../planner/rollout-pace.ts';
import type { Role, Workload, WorkloadSnapshot } from '../ports/orchestrator.ts';
import { describeFailures } from '../tasks/describe-failures.ts';
import { conditionOf } from './condition-of.ts';
import type { FailingServices } from './failing-services.ts';
import type { LeasesStatus } from './lease-status.ts';
import { RefusedDeliveries } from './refused-deliveries.ts';
import { progressOf, taskRevisionsOf } from './revision-status.ts';
import { type LeaseProblem, type OrchestratorTexts, rotationProblems } from './rotation-problems.ts';
import { type FindPolled, refusedProblem, secretStatuses } from './secret-statuses.ts';
import type { RotationStatus, SecretStatus, ServiceStatus } from './status.ts';

/** The credentials that end, and what is wrong with them. */
interface Leased {
  readonly status: LeasesStatus;
  readonly problems: readonly LeaseProblem[];
}

const NO_LEASES: Leased = { status: { sets: [], maxSets: 0, endingTooSoon: new Set() }, problems: [] };

/** A task that has run for this long counts as steady. */
const STEADY_MS = 30_000;

/** Reports what the latest reconcile pass observed and decided, in the operator's terms. */
export class StatusReporter {
  readonly #enabled: boolean;
  readonly #orchestrator: OrchestratorTexts;
  #snapshot: WorkloadSnapshot = { secrets: [], services: [] };
  #uses: ClusterBindings = { services: [], problems: [], denials: [] };
  #ledger: LedgerDocument | null = null;
  #planned: ReadonlyMap<string, ServicePlan> = new Map();
  #observedAtMs: number | null = null;
  #outage: { readonly message: string; readonly isRefused: boolean } | null = null;
  #unusable: UnusableLedger | null = null;
  readonly #rotatedAtMs = new Map<string, number>();
  readonly #failures = new Map<string, string>();
  /** Why requests for secrets got no value. */
  readonly refusals: RefusedDeliveries;

  readonly #failing: Pick<FailingServices, 'of'>;

  constructor(
    enabled: boolean,
    { orchestrator, clock }: { readonly orchestrator: OrchestratorTexts; readonly clock: Pick<Clock, 'monotonic'> },
    failing: Pick<FailingServices, 'of'>,
  ) {
    this.#enabled = enabled;
    this.#orchestrator = orchestrator;
    this.#failing = failing;
    this.refusals = new RefusedDeliveries(clock);
  }

  /** Records that the orchestrator answered. */
  observed(snapshot: WorkloadSnapshot, bindings: ClusterBindings, atMs: number): void {
    this.#snapshot = snapshot;
    this.#uses = bindings;
    this.#observedAtMs = atMs;
    this.refusals.keep(new Set(snapshot.secrets.map(({ name }) => name)));
    const names = new Set(bindings.services.map(({ service }) => service.name));
    for (const known of [this.#rotatedAtMs, this.#failures]) {
      for (const name of known.keys()) if (!names.has(name)) known.delete(name);
    }
  }

  /**
   * Records why the orchestrator did not answer; `null` once it answers again.
   * @param isRefused whether it denied access.
   */
  silent(message: string | null, isRefused = false): void {
    this.#outage = message === null ? null : { message, isRefused };
  }

  /** Why the ledger can't be used; `null` if it can. An earlier plan no longer counts then. */
  unusable(reason: UnusableLedger | null): void {
    this.#unusable = reason;
    if (reason === null) return;
    this.#ledger = null;
    this.#planned = new Map();
  }

  /** Records the decisions of a reconcile pass. */
  planned({ ledger, services }: Plan): void {
    this.#ledger = ledger;
    this.#planned = new Map(services.map((planned) => [planned.serviceId, planned]));
    for (const { service } of this.#uses.services) {
      const isOpen = ledger.services[service.id]?.rollout != null;
      // An update of the user brought the values that the rollout could not, or no rollout shall bring them any more.
      if (!isOpen && this.#planned.get(service.id)?.isDue === false) this.#failures.delete(service.name);
    }
  }

  /** A service's bindings as of the latest reconcile pass; empty if the pass did not see the service. */
  plannedUses(serviceId: string): ServicePlan['bindings'] {
    return this.#planned.get(serviceId)?.bindings ?? [];
  }

  /** Records a decision that was carried out. */
  happened(event: ProductEvent, atMs: number): void {
    if (event.type === 'rollout.started') this.#failures.delete(event.service);
    if (event.type === 'rollout.failed') this.#failures.set(event.service, `${event.reason}: ${event.message}`);
    if (event.type === 'rollout.completed' || event.type === 'rollback.started') this.#failures.delete(event.service);
    if (event.type === 'quarantine.started') this.#failures.delete(event.service);
    if (event.type === 'rollout.completed') this.#rotatedAtMs.set(event.service, atMs);
  }

  /** The services as of the latest observation, with the refs of their secrets; `null` before the first one. */
  consumers(): readonly { readonly consumer: SecretConsumer; readonly refs: readonly SecretRef[] }[] | null {
    if (this.#observedAtMs === null) return null;
    return this.#uses.services.map(({ service: { name, tenant }, bindings }) => ({
      consumer: { service: name, stack: tenant },
      refs: bindings.map(({ ref }) => ref),
    }));
  }

  /** The status now. @param nowMs since 1970. */
  status(
    role: Role | null,
    lockdown: Lockdown | null,
    polledOf: FindPolled,
    nowMs: number,
    leases: Leased = NO_LEASES,
  ): RotationStatus {
    const ledger = this.#ledger;
    const { refusals } = this;
    const secrets = secretStatuses(this.#snapshot.secrets, { uses: this.#uses, ledger, polledOf, refusals });
    const byName = new Map(secrets.map((secret) => [secret.name, secret]));
    // Services that only may use our secrets again, since their update is not completed, are not shown.
    const using = this.#uses.services.filter(({ service }) => service.secretIds.length > 0);
    const services = using.map((service) => this.#service(service, ledger, byName, nowMs));
    return {
      enabled: this.#enabled,
      role,
      lockdown,
      observedAtMs: this.#observedAtMs,
      secrets,
      services,
      leases: leases.status,
      problems: rotationProblems({
        orchestrator: this.#orchestrator,
        outage: this.#outage,
        unusableLedger: this.#unusable,
        role,
        lockdown,
        secrets,
        services,
        denials: this.#uses.denials.filter(({ isEnforced }) => isEnforced),
        leases: leases.problems,
        withOptions: this.#snapshot.secrets.filter(({ driverOptions }) => driverOptions !== undefined),
        polledOf,
      }),
    };
  }

  #service(
    { service, bindings }: ServiceBindings,
    ledger: LedgerDocument | null,
    secrets: ReadonlyMap<string, SecretStatus>,
    nowMs: number,
  ): ServiceStatus {
    const planned = this.#planned.get(service.id);
    const known = planned?.bindings ?? [];
    const entry = ledger?.services[service.id] ?? NOTHING_OPEN;
    const { rollout } = entry;
    const waitingReason = planned?.waitingReason ?? null;
    const running = service.tasks.filter(({ state }) => state === 'running');
    const names = this.#secretNames(service);
    const used = names.flatMap((name) => secrets.get(name) ?? []);
    const undeliverable = used.filter((secret) => isUndeliverable(secret) || isRefused(secret, service, this.refusals));
    const status: Omit<ServiceStatus, 'state'> = {
      id: service.id,
      name: service.name,
      secrets: names,
      undeliverableSecrets: undeliverable.map(({ name }) => name),
      runningTasks: running.length,
      desiredTasks: service.desiredTasks ?? service.tasks.filter(({ state }) => state !== 'ended').length,
      outdatedTasks: planned?.outdatedTasks ?? 0,
      taskRevisions: known.map((binding) => taskRevisionsOf(binding, running.length, ledger, entry.quarantines)),
      rollout:
        rollout === null
          ? null
          : {
              generation: rollout.generation,
              secrets: bindings.filter(({ key }) => key in changedValues(rollout)).map(({ secret }) => secret.name),
              cause: causesOf(rollout, bindings),
              startedAtMs: rollout.startedAtMs,
              direction: rollout.direction,
              state: rollout.state !== 'open' ? rollout.state : waitingReason === null ? 'rolling' : 'waiting',
              ...progressOf(service, rollout, known),
            },
      quarantine: quarantineStatus(entry, bindings),
      lastRotationAtMs: this.#rotatedAtMs.get(service.name) ?? null,
      waitingReason,
      problem: this.#serviceProblem(service.name, rollout, planned),
    };
    const failures = this.#failing.of(service, nowMs);
    const manual = known.filter(({ binding }) => binding.rotate === 'manual' && !entry.requested.includes(binding.key));
    const state = conditionOf({
      words: this.#orchestrator.words,
      service,
      isPlanned: planned !== undefined,
      status,
      undeliverable: describeUndeliverable(undeliverable),
      failure: describeFailures(failures),
      failures: failures.length,
      steadyTasks: running.filter(({ createdAtMs }) => nowMs - createdAtMs > STEADY_MS).length,
      manual: manual.filter((binding) => outdatedTasks(binding).length > 0).map(({ binding }) => binding.secret.name),
    });
    return { ...status, state };
  }

  /** All secrets of this driver that the service uses. */
  #secretNames({ secretIds }: Workload): readonly string[] {
    const used = new Set(secretIds);
    return this.#snapshot.secrets.filter(({ id }) => used.has(id)).map(({ name }) => name);
  }

  #serviceProblem(
    name: string,
    rollout: OpenRollout | null,
    planned: ServicePlan | undefined,
  ): ServiceStatus['problem'] {
    const pace = tooFast(planned);
    const waiting = planned?.blocked === true ? planned.waitingReason : null;
    const parts = [pace, this.#problemOf(name, rollout), waiting?.message ?? null].filter((part) => part !== null);
    if (parts.length === 0) return null;
    return { code: pace === null ? 'ROTATION_BLOCKED' : 'ROTATION_TOO_FREQUENT', message: parts.join('; ') };
  }

  /** The ledger also contains failures that an earlier process saw. */
  #problemOf(service: string, rollout: OpenRollout | null): string | null {
    const seen = this.#failures.get(service);
    if (seen !== undefined || rollout === null || rollout.failure === '') return seen ?? null;
    return `${rollout.state === 'open' ? 'paused' : rollout.state}: ${rollout.failure}`;
  }
}

function tooFast(planned: ServicePlan | undefined): string | null {
  const rollouts = planned?.rolloutsInARow ?? 0;
  if (rollouts < MAX_IN_A_ROW) return null;
  return `its secrets changed again within 30 s of each of its last ${rollouts} rollouts, so that there is a pause between them`;
}

/** Tasks that start now do not get it. While the provider is unreachable, a cached value is delivered. */
function isUndeliverable({ problem, revision }: SecretStatus): boolean {
  return problem !== null && !(isOutageCode(problem.code) && revision !== null);
}

/** A request of the service for it failed although polls succeed, so no cached value was delivered either. */
function isRefused(
  { name, problem, pinned, revision }: SecretStatus,
  service: Workload,
  refusals: RefusedDeliveries,
): boolean {
  const isPolled = !pinned && revision !== null;
  return problem !== null && refusedProblem(refusals.of(name, service.name), isPolled) !== null;
}

function describeUndeliverable(secrets: readonly SecretStatus[]): string | null {
  const [first] = secrets;
  if (first === undefined || first.problem === null) return null;
  const others = secrets.length === 1 ? '' : ` (and ${secrets.length - 1} more of its secrets have no value)`;
  return `secret ${displayText(first.name)} has no value: ${first.problem.message}${others}`;
}

function quarantineStatus(
  { quarantines }: LedgerService,
  bindings: ServiceBindings['bindings'],
): ServiceStatus['quarantine'] {
  // A set is kept for secrets that the orchestrator may give the service again. Until then, nothing is withheld from it.
  const inUse = quarantines.filter(({ failed }) => bindings.some(({ key }) => key in failed));
  if (inUse.length === 0) return null;
  return {
    secrets: bindings.filter(({ key }) => inUse.some(({ failed }) => key in failed)).map(({ secret }) => secret.name),
    sinceMs: Math.min(...inUse.map(({ sinceMs }) => sinceMs)),
    reason: displayMessage(inUse.map(({ reason }) => reason).join('; ')),
  };
}
