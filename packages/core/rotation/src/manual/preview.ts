import { outdatedTasks } from '../bindings/binding-state.ts';
import type { ServiceBindings } from '../bindings/secret-binding.ts';
import { changedValues, type OpenRollout } from '../ledger/ledger.ts';
import type { Plan, ServicePlan } from '../planner/plan.ts';
import type { PlannedService, RequestedService } from '../ports/manual-rotation.ts';
import type { Workload } from '../ports/orchestrator.ts';
import { waitingReason } from '../ports/waiting-reason.ts';

/** The input of a preview. */
export interface PreviewInput {
  readonly services: readonly ServiceBindings[];
  /** What a reconcile pass would do once the request is in the ledger. */
  readonly plan: Plan;
  /** The effect of the request on each service that it concerns; `null` to show everything that is due without a request. */
  readonly requested: readonly RequestedService[] | null;
}

/** What would be done, in the order of the services. A pure function. */
export function preview({ services, plan, requested }: PreviewInput): readonly PlannedService[] {
  const plans = new Map(plan.services.map((planned) => [planned.serviceId, planned]));
  return services.flatMap(({ service }) => {
    const planned = plans.get(service.id);
    const request = requested?.find(({ name }) => name === service.name);
    if (planned === undefined || (requested !== null && request === undefined)) return [];
    const rollout = plan.ledger.services[service.id]?.rollout ?? null;
    const due = dueOf(service, planned, rollout);
    if (request === undefined) return due === null ? [] : [due];
    if (request.outcome === 'restarted') return [{ ...idle(request), tasks: living(service).length }];
    return [
      request.outcome === 'scheduled' || request.outcome === 'pending' ? joined(request, service, due) : idle(request),
    ];
  });
}

/** What happens to a service, or would happen if it need not wait; `null` if nothing is due. */
function dueOf(service: Workload, planned: ServicePlan, rollout: OpenRollout | null): PlannedService | null {
  const { waitingReason: reason, bindings } = planned;
  const isOpen = rollout !== null && rollout.state !== 'failed';
  if (!isOpen && reason === null) return null;
  const changing = rollout === null ? null : changedValues(rollout);
  const concerned = bindings.filter((known) =>
    changing === null ? outdatedTasks(known).length > 0 : known.binding.key in changing,
  );
  return {
    name: service.name,
    secrets: concerned.map(({ binding }) => binding.secret.name),
    outcome: reason === null ? 'scheduled' : 'pending',
    tasks: isOpen
      ? living(service).filter(({ generation }) => generation < rollout.generation).length
      : living(service).length,
    waitingReason: reason,
  };
}

/** The result of a request: its own rollout, or one that waits for an open rollout or for the provider. */
function joined(request: RequestedService, service: Workload, due: PlannedService | null): PlannedService {
  if (due === null) return { ...idle(request), waitingReason: waitingReason('NEWEST_VALUE_UNKNOWN') };
  const { secrets, waitingReason: reason } = due;
  const { outcome, failedBefore } = request;
  if (secrets.some((secret) => request.secrets.includes(secret)))
    return { ...due, ...(failedBefore === undefined ? {} : { failedBefore }), outcome };
  return {
    ...request,
    tasks: living(service).length,
    waitingReason: reason ?? waitingReason('ROLLOUT_OPEN'),
  };
}

function idle(request: RequestedService): PlannedService {
  return { ...request, tasks: 0, waitingReason: null };
}

/** The tasks that an update replaces. */
function living({ tasks }: Workload): Workload['tasks'] {
  return tasks.filter(({ state }) => state !== 'ended');
}
