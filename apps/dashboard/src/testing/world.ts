import type { Event, History, Lease, Overview, Plan, ProblemEntry, Secret, Service } from '@vault-swarm/http/api';
import { healthSummary } from '@vault-swarm/metrics';
import { condition } from '@vault-swarm/rotation';

/** The start time of the scripted plugin. */
const STARTED_MS = Date.UTC(2026, 2, 1, 8, 48, 0);

/** The current time of all scenarios. */
export const NOW_MS = STARTED_MS + 15_120_000;

/** All responses of a scripted plugin. */
export interface World {
  overview: Overview;
  services: readonly Service[];
  secrets: readonly Secret[];
  leases: readonly Lease[];
  events: readonly Event[];
  history: History;
  plan: Plan;
}

/** A credential of a service that is renewed. */
export function leaseOf(service: string, changes: Partial<Lease> = {}): Lease {
  return {
    id: `${service}-1`,
    service,
    generation: 31,
    provider: 'vault',
    ref: 'vault database/creds/shop',
    secrets: ['db_user', 'db_password'],
    tasks: 6,
    state: 'active',
    holder: 'token',
    renewable: true,
    issued_at: before(20_000),
    renewed_at: before(1_200),
    expires_at: before(-2_400),
    ends_at: before(-60_000),
    rolls_at: before(-33_000),
    ends_too_soon: false,
    problem: null,
    ...changes,
  };
}

/** A time before now, in RFC 3339. */
export const before = (seconds: number) => new Date(NOW_MS - seconds * 1000).toISOString();

/** Services, and the secrets that each uses. */
export const SERVICES: readonly {
  readonly name: string;
  readonly tasks: number;
  readonly secrets: readonly string[];
}[] = [
  { name: 'shop_web', tasks: 6, secrets: ['db_password', 'session_key', 'api_tls_key'] },
  { name: 'shop_api', tasks: 8, secrets: ['db_password', 'payment_token'] },
  { name: 'shop_worker', tasks: 4, secrets: ['db_password', 'queue_password'] },
  { name: 'billing', tasks: 3, secrets: ['payment_token', 'billing_signing_key'] },
  { name: 'mailer', tasks: 2, secrets: ['smtp_password'] },
  { name: 'metrics_collector', tasks: 5, secrets: ['metrics_token'] },
  { name: 'search', tasks: 3, secrets: ['search_api_key', 'db_password'] },
  { name: 'backup', tasks: 1, secrets: ['backup_key', 'object_store_key'] },
];

/** How many hours ago each secret changed. */
export const AGES_H: Readonly<Record<string, number>> = {
  db_password: 0.4,
  session_key: 31,
  api_tls_key: 700,
  payment_token: 4,
  queue_password: 120,
  billing_signing_key: 2000,
  smtp_password: 3.2,
  metrics_token: 50,
  search_api_key: 77,
  backup_key: 900,
  object_store_key: 411,
};

/** A healthy secret. */
export function secretOf(name: string, ageHours: number, index: number): Secret {
  const provider = index % 4 === 3 ? 'openbao' : 'vault';
  const [area = name, ...field] = name.split('_');
  return {
    name,
    provider,
    ref: `${provider} secret/${area}#${field.join('_') || 'value'}`,
    rotate: name === 'backup_key' ? 'manual' : 'auto',
    pinned: name === 'billing_signing_key',
    revision: `${41 - ((index * 5) % 37)}@${before(ageHours * 3600)}`,
    revision_name: String(41 - ((index * 5) % 37)),
    changed_at: before(ageHours * 3600),
    services: SERVICES.filter(({ secrets }) => secrets.includes(name)).map((service) => service.name),
    problem: null,
  };
}

/** The state of a service, as the plugin reports it. */
export function stateOf(code: Service['state']['code'], message = ''): Service['state'] {
  return condition(code, message);
}

/** A service whose tasks all have the current revisions. */
export function serviceOf(name: string, tasks: number, secrets: readonly string[], index: number): Service {
  return {
    id: `${'x7k2m9qd4v1c8hz3'.slice(index % 7)}${index}`,
    name,
    secrets: [...secrets],
    state: stateOf('current'),
    running_tasks: tasks,
    desired_tasks: tasks,
    outdated_tasks: 0,
    task_revisions: secrets.map((secret) => ({
      secret,
      provider_revision: '41',
      revisions: [{ revision: '41', name: '41', tasks, state: 'current' }],
    })),
    rollout: null,
    quarantined: null,
    last_rotation_at: index % 5 === 4 ? null : before(1400 + index * 4000),
    waiting_reason: null,
    problem: null,
  };
}

/** The service, with some tasks that have the previous revision of its first secret. */
export function outdated(service: Service, tasks: number): Service {
  const [first, ...rest] = service.task_revisions;
  const kept = service.running_tasks - tasks;
  const old = { revision: '41', name: '41', tasks, state: 'outdated' } as const;
  const current = { revision: '42', name: '42', tasks: kept, state: 'current' } as const;
  const revisions = kept === 0 ? [old] : [current, old];
  return {
    ...service,
    outdated_tasks: tasks,
    task_revisions: first === undefined ? [] : [{ ...first, provider_revision: '42', revisions }, ...rest],
  };
}

/** The service in the middle of a rollout of its first secret. */
export function rolling(service: Service, done: number, generation = 7): Service {
  const total = service.running_tasks;
  return {
    ...outdated(service, total - done),
    state: stateOf('rolling', `${done} of ${total} tasks done`),
    rollout: {
      generation,
      secrets: service.secrets.slice(0, 1),
      cause: service.secrets.slice(0, 1).map((secret) => ({
        ...{ secret, from: '6', to: '7', noticed_by: 'hook' as const, hook: 'audit', noticed_at: before(10) },
      })),
      started_at: before(9),
      direction: 'forward',
      state: 'rolling',
      tasks_done: done,
      tasks_total: total,
    },
  };
}

/** The headline that the plugin reports. */
export function summaryOf(
  services: readonly Service[],
  secrets: readonly Secret[],
  problems: readonly ProblemEntry[],
  changes: Partial<Parameters<typeof healthSummary>[0]> = {},
): Overview['summary'] {
  return healthSummary({
    isHealthy: true,
    heartbeatAtMs: NOW_MS - 4_000,
    isRotationEnabled: true,
    isLockedDown: false,
    problems,
    driver: 'vault-secrets-plugin',
    services: services.map(({ name, state, running_tasks, outdated_tasks, task_revisions }) => ({
      ...{ name, state },
      runningTasks: running_tasks,
      outdatedTasks: outdated_tasks,
      taskRevisions: task_revisions,
    })),
    secrets: secrets.length,
    ...changes,
  });
}

/** The responses of a healthy plugin with these services and secrets. */
export function worldOf(
  services: readonly Service[],
  secrets: readonly Secret[],
  rotations: Partial<Overview['rotations']> = {},
): World {
  const tasks = services.reduce((sum, service) => sum + service.running_tasks, 0);
  return {
    services,
    secrets,
    leases: [leaseOf('shop_web')],
    events: [
      event(
        903,
        1400,
        'info',
        'rollout.completed',
        'every task of service shop_web has the new revision of secret db_password, 38s after the change was seen',
      ),
      event(
        902,
        1438,
        'info',
        'rollout.started',
        'service shop_web is rolling to generation 30 for secret db_password',
      ),
      event(901, 1439, 'info', 'revision.changed', 'vault has revision 41 of secret db_password'),
      event(900, 15_110, 'info', 'leadership.changed', 'this node leads the Swarm now and rolls services'),
      event(
        899,
        15_119,
        'info',
        'driver.listening',
        'serving secrets on /run/docker/plugins/vault-secrets-plugin.sock',
      ),
    ],
    history: historyOf(360),
    plan: {
      services: [{ name: 'shop_api', secrets: ['db_password'], outcome: 'scheduled', tasks: 8, waiting_reason: null }],
    },
    overview: {
      summary: summaryOf(services, secrets, []),
      plugin: {
        name: 'vault-secrets-plugin',
        version: '0.2.0',
        started_at: new Date(STARTED_MS).toISOString(),
        uptime_seconds: 15_120,
      },
      access: 'full',
      healthy: true,
      ticker_healthy: true,
      heartbeat_at: before(4),
      interval_seconds: 10,
      problems: [],
      warnings: [],
      lockdown: { active: false, since: null },
      observed_at: before(4),
      role: 'leader',
      rotation_enabled: true,
      runtime: {
        goroutines: 14,
        alloc_bytes: 24_700_000,
        sys_bytes: 81_900_000,
        heap_bytes: 31_400_000,
        gc_cycles: 412,
        gc_pause_total_ms: 388,
        gc_last_at: before(11),
        event_loop_lag_ms: 0.4,
      },
      rotations: { total: 42, errors: 0, error_rate: 0, in_progress: 0, last_at: before(1400), ...rotations },
      deliveries: {
        cache: 1204,
        provider: 57,
        stale: 0,
        refused: 0,
        hit_rate: 95.48,
        p50_ms: 0.6,
        p99_ms: 9.4,
        cached_values: secrets.length,
        cached_bytes: secrets.length * 61,
      },
      providers: [providerOf('vault', 6120, 3.4, 11), providerOf('openbao', 2204, 4.1, 16)],
      managers: [
        managerOf('swarm-1', { role: 'leader', is_self: true }),
        managerOf('swarm-2', {}),
        managerOf('swarm-3', {}),
      ],
      counts: {
        secrets: secrets.length,
        secrets_with_problems: secrets.filter(({ problem }) => problem !== null).length,
        services: services.length,
        services_with_problems: services.filter(({ state: { severity } }) => ['critical', 'warning'].includes(severity))
          .length,
        tasks,
        outdated_tasks: services.reduce((sum, service) => sum + service.outdated_tasks, 0),
      },
    },
  };
}

function providerOf(name: string, requests: number, p50: number, p99: number): Overview['providers'][number] {
  return {
    name,
    kind: name,
    state: 'ok',
    since: before(15_110),
    error: null,
    requests,
    errors: 0,
    latency_p50_ms: p50,
    latency_p99_ms: p99,
    last_answer_at: before(3),
  };
}

/** A manager with a running plugin, with `changes`. */
export function managerOf(name: string, changes: Partial<Overview['managers'][number]>): Overview['managers'][number] {
  return {
    ...{ id: `id-${name}`, name, role: 'standby', is_self: false, state: 'running' },
    ...{ message: 'runs the plugin 1.4.0', plugin_version: '1.4.0', kind: 'service' },
    ...{ started_at: before(15_110), announced_at: before(15_109) },
    ...changes,
  };
}

/** An event at a time before now. */
export function event(
  id: number,
  secondsAgo: number,
  level: Event['level'],
  type: string,
  message: string,
  fields: object = {},
): Event {
  return { ...fields, id, time: before(secondsAgo), level, event: type, message };
}

/** An hour of low load with three rotations and their deliveries, and memory that grows and is collected. */
export function historyOf(length: number): History {
  const end = Math.floor(NOW_MS / 10_000) * 10;
  const at = Array.from({ length }, (_, nth) => end - (length - 1 - nth) * 10);
  // Fixed noise, so that two screenshots of a state are equal.
  const noise = (nth: number, seed: number) => Math.abs(Math.sin(nth * 12.9898 + seed * 78.233) * 43_758.5453) % 1;
  const storm = (nth: number) =>
    Math.max(0, 1 - Math.abs(nth - 120) / 4) +
    Math.max(0, 1 - Math.abs(nth - 216) / 6) +
    Math.max(0, 1 - Math.abs(nth - 219) / 3);
  const series = (value: (nth: number) => number) => at.map((_time, nth) => Math.round(value(nth) * 100) / 100);
  const whole = (value: (nth: number) => number) => at.map((_time, nth) => Math.round(value(nth)));
  const alloc = (nth: number) => 21e6 + ((nth * 97) % 41) * 1.9e5 + storm(nth) * 4e6;
  return {
    interval_seconds: 10,
    at,
    series: {
      alloc_bytes: whole(alloc),
      heap_bytes: whole((nth) => 31e6 + Math.floor(nth / 90) * 4e5),
      sys_bytes: whole((nth) => 80e6 + Math.floor(nth / 45) * 3e5),
      goroutines: whole((nth) => 12 + noise(nth, 1) * 4 + storm(nth) * 20),
      event_loop_lag_ms: series((nth) => 0.2 + noise(nth, 2) * 0.5 + storm(nth) * 3),
      gc_pause_ms: series((nth) => noise(nth, 3) * 1.6 + storm(nth) * 6),
      gc_cycles: whole((nth) => noise(nth, 4) * 2),
      rotations: whole((nth) => (nth === 123 || nth === 219 || nth === 220 ? 1 : 0)),
      rotation_errors: whole(() => 0),
      delivered_cache: whole((nth) => noise(nth, 5) * 4 + storm(nth) * 42),
      delivered_provider: whole((nth) => noise(nth, 6) * 1.2 + storm(nth) * 6),
      delivered_stale: whole(() => 0),
      refused: whole(() => 0),
      delivery_p99_ms: at.map((_time, nth) => (noise(nth, 7) < 0.1 ? null : 2 + noise(nth, 8) * 5 + storm(nth) * 9)),
      outdated_tasks: whole((nth) => storm(nth) * 6),
    },
    providers: {},
  };
}
