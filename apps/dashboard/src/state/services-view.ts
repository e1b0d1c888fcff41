import type { Service } from '@vault-swarm/http/api';
import type { ListView } from './list-view.ts';
import { compareNames, isFound } from './list-view.ts';

/** Whether the service needs attention. */
export function hasServiceProblem({ state: { severity } }: Service): boolean {
  return severity === 'critical' || severity === 'warning';
}

const SEVERITIES: readonly Service['state']['severity'][] = ['critical', 'warning', 'info', 'ok'];

function urgencyOf({ state: { severity } }: Service): number {
  return SEVERITIES.indexOf(severity);
}

type Order = (a: Service, b: Service) => number;

const ORDERS: Readonly<Record<string, Order>> = {
  state: (a, b) => urgencyOf(a) - urgencyOf(b),
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
