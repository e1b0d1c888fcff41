import type { Secret } from '@vault-swarm/http/api';
import type { ListView } from './list-view.ts';
import { compareNames, isFound } from './list-view.ts';

type Order = (a: Secret, b: Secret) => number;

const ORDERS: Readonly<Record<string, Order>> = {
  state: (a, b) => Number(a.problem === null) - Number(b.problem === null),
  name: (a, b) => compareNames(a.name, b.name),
  changed: (a, b) => Date.parse(a.changed_at ?? '1970-01-01') - Date.parse(b.changed_at ?? '1970-01-01'),
  services: (a, b) => a.services.length - b.services.length,
};

/** The secrets of the view, in its order; equal ones by name. */
export function secretsIn(secrets: readonly Secret[], view: ListView): readonly Secret[] {
  const order = ORDERS[view.sort] ?? (() => 0);
  const direction = view.descending ? -1 : 1;
  return secrets
    .filter(({ problem }) => view.show !== 'problem' || problem !== null)
    .filter(({ name, ref, provider, services }) => isFound(view.search, [name, ref ?? '', provider ?? '', ...services]))
    .sort((a, b) => direction * order(a, b) || compareNames(a.name, b.name));
}
