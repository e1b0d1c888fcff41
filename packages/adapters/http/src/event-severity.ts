import { type NumberedEvent, type Severity, severities, severityOf } from '@vault-swarm/metrics';

/** A filter for kinds of events of at least `level`. */
export function atLeast(level: Severity): (type: NumberedEvent['type']) => boolean {
  const least = severities.indexOf(level);
  return (type) => severities.indexOf(severityOf(type)) <= least;
}
