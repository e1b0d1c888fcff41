import type { RotationStatus, SecretStatus, ServiceStatus } from '@vault-swarm/rotation';
import { Gauge, type Registry } from 'prom-client';
import { BoundedGauge } from './bounded-gauge.ts';
import { addLeases } from './lease-metrics.ts';
import { PREFIX, Readings, secondsOf } from './readings.ts';

const ROLLOUT_STATES = ['waiting', 'rolling', 'stuck', 'failed'] as const;

/** The status of the rotation by secret and by service, never by task. */
export function statusMetrics(registry: Registry): Readings<RotationStatus> {
  const readings = new Readings<RotationStatus>(registry);
  readings.gauge('leader', 'Whether this node is the leader, which updates services (0 or 1)', ({ role }) =>
    Number(role === 'leader'),
  );
  readings.gauge(
    'last_observation_timestamp_seconds',
    'Time when Docker last listed all services and tasks, 0 before the first',
    ({ observedAtMs }) => secondsOf(observedAtMs),
  );
  readings.gauge(
    'lockdown',
    'Whether a lockdown is active: no value is served from the cache (0 or 1)',
    ({ lockdown }) => Number(lockdown !== null),
  );
  readings.gauge('problems', 'Number of problems in /health', ({ problems }) => problems.length);
  addSecrets(registry, readings);
  addServices(registry, readings);
  addLeases(registry, readings);
  return readings;
}

function addSecrets(registry: Registry, readings: Readings<RotationStatus>): void {
  const changed = new BoundedGauge(registry, {
    name: 'secret_revision_timestamp_seconds',
    help: "Time when the provider created the secret's newest revision, or when it was first seen if the provider does not report it",
    label: 'secret',
    join: Math.min,
  });
  const problem = new BoundedGauge(registry, {
    name: 'secret_problem',
    help: 'Whether the secret has no value to deliver or wrong labels (0 or 1)',
    label: 'secret',
  });
  readings.other(({ secrets }) => {
    changed.show(valuesOf(secrets, ({ changedAtMs }) => (changedAtMs === null ? null : changedAtMs / 1000)));
    problem.show(valuesOf(secrets, ({ problem }) => Number(problem !== null)));
  });
}

function addServices(registry: Registry, readings: Readings<RotationStatus>): void {
  const gauge = (name: string, help: string, read: (service: ServiceStatus) => number) => {
    const metric = new BoundedGauge(registry, { name, help, label: 'service' });
    readings.other(({ services }) => metric.show(valuesOf(services, read)));
  };
  gauge('service_running_tasks', 'Running tasks of a service that uses secrets of the plugin', (service) => {
    return service.runningTasks;
  });
  gauge('service_outdated_tasks', 'Running tasks that do not have the newest revisions', (service) => {
    return service.outdatedTasks;
  });
  gauge(
    'service_quarantined_secrets',
    'Secrets whose newest revision is quarantined for the service',
    ({ quarantine }) => {
      return quarantine?.secrets.length ?? 0;
    },
  );
  gauge('service_problem', 'Whether the rotation of the service is blocked (0 or 1)', ({ problem }) => {
    return Number(problem !== null);
  });
  const rollouts = new Gauge({
    name: `${PREFIX}open_rollouts`,
    help: 'Rollouts that were started and did not succeed yet, by state',
    labelNames: ['state'],
    registers: [registry],
  });
  readings.other(({ services }) => {
    const counts = Object.fromEntries(ROLLOUT_STATES.map((state) => [state, 0]));
    for (const { rollout } of services) if (rollout !== null) counts[rollout.state] = (counts[rollout.state] ?? 0) + 1;
    for (const state of ROLLOUT_STATES) rollouts.set({ state }, counts[state] ?? 0);
  });
}

function* valuesOf<Item extends SecretStatus | ServiceStatus>(
  items: readonly Item[],
  read: (item: Item) => number | null,
): Iterable<readonly [string, number | null]> {
  for (const item of items) yield [item.name, read(item)];
}
