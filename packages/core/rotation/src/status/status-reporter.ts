import { displayMessage, displayNames, displayText } from '@vault-swarm/kernel';
import { type Problem, ProblemList, type ProductEvent, type ProviderError } from '@vault-swarm/provider';
import {
  type ClusterBindings,
  describeBinding,
  type SecretBinding,
  type ServiceBindings,
} from '../bindings/secret-binding.ts';
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
import { MAX_IN_A_ROW } from '../planner/rollout-pace.ts';
import type { Role, WorkloadSecret, WorkloadSnapshot } from '../ports/orchestrator.ts';
import type { CurrentValue } from '../tasks/task-revision.ts';
import { progressOf, taskRevisionsOf } from './revision-status.ts';
import type { RotationStatus, SecretStatus, ServiceStatus } from './status.ts';

/** The state of one provider, as its poller found it. */
interface PolledProvider {
  /** Why it can't be polled now; `null` while it answers. */
  readonly failure: ProviderError | null;
  /** What to change so that the plugin notices changes without reading values; `null` if it does. */
  readonly probeProblem: string | null;
  /** Which refs have lagged for a while; `null` if none has. */
  readonly lagProblem: string | null;
  /** The current value as of the latest poll that could determine it. */
  current(refKey: string): CurrentValue | undefined;
  /** Why the latest poll gave no value for the ref. */
  error(refKey: string): ProviderError | undefined;
}

type FindPolled = (provider: string) => PolledProvider | undefined;

/** Reports what the latest reconcile pass observed and decided, in the operator's terms. */
export class StatusReporter {
  readonly #enabled: boolean;
  readonly #orchestratorName: string;
  #snapshot: WorkloadSnapshot = { secrets: [], services: [] };
  #uses: ClusterBindings = { services: [], problems: [] };
  #ledger: LedgerDocument | null = null;
  #planned: ReadonlyMap<string, ServicePlan> = new Map();
  #observedAtMs: number | null = null;
  #outage: { readonly message: string; readonly isRefused: boolean } | null = null;
  #unusable: UnusableLedger | null = null;
  readonly #rotatedAtMs = new Map<string, number>();
  readonly #failures = new Map<string, string>();

  /** @param orchestratorName the name that its users know. */
  constructor(enabled: boolean, orchestratorName: string) {
    this.#enabled = enabled;
    this.#orchestratorName = orchestratorName;
  }

  /** Records that the orchestrator answered. */
  observed(snapshot: WorkloadSnapshot, bindings: ClusterBindings, atMs: number): void {
    this.#snapshot = snapshot;
    this.#uses = bindings;
    this.#observedAtMs = atMs;
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
      // An update of the user brought the values that the rollout could not.
      if (!isOpen && this.#planned.get(service.id)?.outdatedTasks === 0) this.#failures.delete(service.name);
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

  /** The status now. */
  status(role: Role | null, lockdown: Lockdown | null, polledOf: FindPolled): RotationStatus {
    const ledger = this.#ledger;
    const secrets = this.#secrets(polledOf, (key) => ledger?.secrets[key]?.seenAtMs ?? null);
    // Services that only may use our secrets again, since their update is not completed, are not shown.
    const using = this.#uses.services.filter(({ service }) => service.secretIds.length > 0);
    const services = using.map((service) => this.#service(service, ledger));
    return {
      enabled: this.#enabled,
      role,
      lockdown,
      observedAtMs: this.#observedAtMs,
      secrets,
      services,
      problems: this.#problems(role, lockdown, secrets, services, polledOf),
    };
  }

  #secrets(polledOf: FindPolled, seenAtMs: (key: string) => number | null): readonly SecretStatus[] {
    const usedBy = new Map<string, { binding: SecretBinding; services: string[] }>();
    for (const { service, bindings } of this.#uses.services) {
      for (const binding of bindings) {
        const known = usedBy.get(binding.secret.id);
        if (known === undefined) usedBy.set(binding.secret.id, { binding, services: [service.name] });
        else known.services.push(service.name);
      }
    }
    const wrong = new Map(
      this.#uses.problems.map(({ secret, message }) => [secret.id, { code: 'INVALID_REF', message } as const]),
    );
    return this.#snapshot.secrets.map(({ id, name }) => {
      const used = usedBy.get(id);
      if (used === undefined) return { ...UNUSED, name, problem: wrong.get(id) ?? null };
      const { binding, services } = used;
      const watch = polledOf(binding.ref.provider);
      const current = watch?.current(binding.refKey);
      return {
        name,
        services,
        provider: binding.ref.provider,
        ref: describeBinding(binding),
        rotate: binding.rotate,
        pinned: binding.ref.pin !== undefined,
        revision: binding.ref.pin ?? current?.revision ?? null,
        changedAtMs: current?.createdAtMs ?? (current === undefined ? null : seenAtMs(binding.key)),
        problem: wrong.get(id) ?? problemFrom(watch?.error(binding.refKey)),
      };
    });
  }

  #service({ service, bindings }: ServiceBindings, ledger: LedgerDocument | null): ServiceStatus {
    const planned = this.#planned.get(service.id);
    const known = planned?.bindings ?? [];
    const entry = ledger?.services[service.id] ?? NOTHING_OPEN;
    const { rollout } = entry;
    const waitingReason = planned?.waitingReason ?? null;
    return {
      id: service.id,
      name: service.name,
      secrets: bindings.map(({ secret }) => secret.name),
      runningTasks: planned?.runningTasks ?? 0,
      outdatedTasks: planned?.outdatedTasks ?? 0,
      taskRevisions: known.map((binding) => taskRevisionsOf(binding, planned?.runningTasks ?? 0, ledger)),
      rollout:
        rollout === null
          ? null
          : {
              generation: rollout.generation,
              secrets: bindings.filter(({ key }) => key in changedValues(rollout)).map(({ secret }) => secret.name),
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

  #problems(
    role: Role | null,
    lockdown: Lockdown | null,
    secrets: readonly SecretStatus[],
    services: readonly ServiceStatus[],
    polledOf: FindPolled,
  ): readonly Problem[] {
    const list = new ProblemList();
    if (lockdown !== null) {
      list.add(
        'LOCKDOWN_ACTIVE',
        `since ${new Date(lockdown.sinceMs).toISOString()} no value is served from the cache, and no rotation starts by itself; ` +
          'end it with vault-swarm lockdown --release',
      );
    }
    if (this.#outage !== null) {
      const { message, isRefused } = this.#outage;
      const code = isRefused ? 'ORCHESTRATOR_ACCESS_DENIED' : 'ORCHESTRATOR_UNAVAILABLE';
      list.add(code, message, { orchestrator: this.#orchestratorName });
    }
    if (this.#unusable !== null) list.add(this.#unusable.code, this.#unusable.message);
    if (role === 'worker') {
      list.add('NOT_A_MANAGER', 'the plugin serves nothing here; run it on the managers, or promote the node');
    }
    const providers = new Set(secrets.flatMap(({ provider }) => provider ?? []));
    for (const name of providers) {
      const watch = polledOf(name);
      if (watch?.failure) {
        list.add('PROVIDER_UNAVAILABLE', `${displayText(name)}: ${watch.failure.message}`, { provider: name });
      }
      if (watch?.lagProblem) list.add('PROVIDER_LAGGING', watch.lagProblem);
      if (watch?.probeProblem) list.add('PROBE_UNAVAILABLE', watch.probeProblem);
    }
    for (const { name, problem, provider, revision } of secrets) {
      // While the provider is unreachable, the cached value is delivered.
      const isHeld = revision !== null && provider !== null && polledOf(provider)?.failure != null;
      if (problem === null || isHeld) continue;
      const code = problem.code === 'ACCESS_DENIED' ? 'SECRET_ACCESS_DENIED' : 'SECRET_UNDELIVERABLE';
      list.add(code, `${displayText(name)}: ${problem.message}`);
    }
    const withOptions = this.#snapshot.secrets.filter(({ driverOptions }) => driverOptions !== undefined);
    if (withOptions.length > 0) list.add('SECRET_OPTIONS_IGNORED', describeOptions(withOptions));
    for (const { name, problem, quarantine: quarantines } of services) {
      if (problem !== null) list.add(problem.code, `${displayText(name)}: ${problem.message}`);
      if (quarantines !== null) list.add('VALUE_QUARANTINED', describeQuarantine(name, quarantines));
    }
    return list.problems;
  }
}

/** Which secrets have driver options, which the orchestrator does not pass on, and what to do. */
export function describeOptions(secrets: readonly WorkloadSecret[]): string {
  const options = [...new Set(secrets.flatMap(({ driverOptions = [] }) => driverOptions))];
  return (
    `the driver is not given the options ${displayNames(options)} of ${displayNames(secrets.map(({ name }) => name))}; ` +
    'create the secrets again with labels instead'
  );
}

function tooFast(planned: ServicePlan | undefined): string | null {
  const rollouts = planned?.rolloutsInARow ?? 0;
  if (rollouts < MAX_IN_A_ROW) return null;
  return (
    `its secrets changed again within 30 s of each of its last ${rollouts} rollouts, so that there is a pause between them; ` +
    'change them less often, or let more tasks be replaced at a time (update_config: parallelism, delay)'
  );
}

function problemFrom(error: ProviderError | undefined): SecretStatus['problem'] {
  return error === undefined ? null : { code: error.code, message: error.message };
}

function quarantineStatus(
  { quarantines }: LedgerService,
  bindings: ServiceBindings['bindings'],
): ServiceStatus['quarantine'] {
  if (quarantines.length === 0) return null;
  return {
    secrets: bindings
      .filter(({ key }) => quarantines.some(({ failed }) => key in failed))
      .map(({ secret }) => secret.name),
    sinceMs: Math.min(...quarantines.map(({ sinceMs }) => sinceMs)),
    reason: displayMessage(quarantines.map(({ reason }) => reason).join('; ')),
  };
}

function describeQuarantine(service: string, { secrets, reason }: NonNullable<ServiceStatus['quarantine']>): string {
  return (
    `${displayText(service)} has the last good value of ${displayNames(secrets)} (${reason}); ` +
    'write another value, or rotate manually to try it again'
  );
}

const UNUSED = {
  provider: null,
  ref: null,
  rotate: 'auto',
  pinned: false,
  revision: null,
  changedAtMs: null,
  services: [],
} as const;
