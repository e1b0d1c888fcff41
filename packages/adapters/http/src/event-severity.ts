import { type Severity, severities } from '@vault-swarm/kernel';
import type { EventCatalog } from '@vault-swarm/metrics';

/** A filter for kinds of events of at least `level`. */
export function atLeast(level: Severity, catalog: Pick<EventCatalog, 'severityOf'>): (type: string) => boolean {
  const least = severities.indexOf(level);
  return (type) => severities.indexOf(catalog.severityOf(type)) <= least;
}
