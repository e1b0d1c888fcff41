import type { Service } from '@vault-swarm/http/api';
import type { ListView } from './list-view.ts';
import { compareNames, isFound } from './list-view.ts';

/** The state of a service, most urgent first. */
export type ServiceState =
  | 'failed'
  | 'quarantined'
  | 'stuck'
  | 'problem'
  | 'rolling'
  | 'waiting'
  | 'current'
  | 'outdated';

/** The most important state of a service. */
export function stateOf({
  rollout,
  quarantined,
  problem,
  waiting_reason: waiting,
  outdated_tasks: outdated,
}: Service): ServiceState {
  if (rollout?.state === 'failed' || rollout?.state === 'stuck') return rollout.state;
  if (rollout?.state === 'rolling') return 'rolling';
  if (quarantined !== null) return 'quarantined';
  if (problem !== null) return 'problem';
  if (rollout !== null || waiting !== null) return 'waiting';
  return outdated > 0 ? 'outdated' : 'current';
}

/** Whether the service needs attention. */
export function hasServiceProblem(service: Service): boolean {
  return (
    service.problem !== null ||
    service.quarantined !== null ||
    service.rollout?.state === 'failed' ||
    service.rollout?.state === 'stuck'
  );
}

const URGENCY: Readonly<Record<ServiceState, number>> = {
  failed: 0,
  stuck: 1,
  quarantined: 2,
  problem: 3,
  rolling: 4,
  waiting: 5,
  outdated: 6,
  current: 7,
};

type Order = (a: Service, b: Service) => number;

const ORDERS: Readonly<Record<string, Order>> = {
  state: (a, b) => URGENCY[stateOf(a)] - URGENCY[stateOf(b)],
  name: (a, b) => compareNames(a.name, b.name),
  tasks: (a, b) => a.outdated_tasks - b.outdated_tasks || a.running_tasks - b.running_tasks,
  rotated: (a, b) => Date.parse(a.last_rotation_at ?? '1970-01-01') - Date.parse(b.last_rotation_at ?? '1970-01-01'),
};

/** The services of the view, in its order; equal ones by name. */
export function servicesIn(services: readonly Service[], view: ListView): readonly Service[] {
  const order = ORDERS[view.sort] ?? (() => 0);
  const direction = view.descending ? -1 : 1;
  return services
    .filter(
      (service) =>
        view.show === 'all' || (view.show === 'problem' ? hasServiceProblem(service) : service.rollout !== null),
    )
    .filter((service) => isFound(view.search, [service.name, ...service.secrets]))
    .sort((a, b) => direction * order(a, b) || compareNames(a.name, b.name));
}
