import {
  type Event,
  eventsSchema,
  type Lease,
  leasesSchema,
  type Overview,
  overviewSchema,
  type ProblemEntry,
  planSchema,
  type Rotate,
  rotateSchema,
  type Secret,
  type Service,
  secretsSchema,
  servicesSchema,
} from '@vault-swarm/http/api';

/** The time of the scripted plugin's responses. */
export const NOW = '2026-03-01T12:00:00.000Z';

const observation = { observed_at: '2026-03-01T11:59:58.000Z', role: 'leader', rotation_enabled: true } as const;

function summaryOf(problems: readonly ProblemEntry[]): Overview['summary'] {
  const [worst] = problems;
  const explanation = 'All 8 tasks of 2 services have the current revision of every secret.';
  if (worst === undefined) return { code: 'well', severity: 'ok', title: 'All is well', explanation };
  const title = problems.length === 1 ? worst.summary : `${problems.length} problems. ${worst.summary}`;
  return { code: 'problems', severity: worst.severity, title, explanation };
}

/** A healthy overview with `changes`. */
export function overview(changes: Partial<Overview> = {}): Overview {
  return overviewSchema.parse({
    plugin: {
      name: 'vault-secrets-plugin',
      version: '1.2.3',
      started_at: '2026-03-01T08:00:00.000Z',
      uptime_seconds: 14_400,
    },
    access: 'full',
    summary: summaryOf(changes.problems ?? []),
    healthy: true,
    ticker_healthy: true,
    heartbeat_at: '2026-03-01T11:59:55.000Z',
    interval_seconds: 10,
    problems: [],
    warnings: [],
    lockdown: { active: false, since: null },
    ...observation,
    runtime: {
      goroutines: 7,
      alloc_bytes: 20_000_000,
      sys_bytes: 90_000_000,
      heap_bytes: 30_000_000,
      gc_cycles: 12,
      gc_pause_total_ms: 30.5,
      gc_last_at: null,
      event_loop_lag_ms: 0.4,
    },
    rotations: { total: 42, errors: 2, error_rate: 4.76, in_progress: 1, last_at: '2026-03-01T11:57:00.000Z' },
    deliveries: {
      cache: 12_345,
      provider: 67,
      stale: 0,
      refused: 3,
      hit_rate: 99.4,
      p50_ms: 0.4,
      p99_ms: 3.2,
      cached_values: 12,
      cached_bytes: 4096,
    },
    providers: [
      {
        name: 'vault',
        kind: 'vault',
        state: 'ok',
        since: null,
        error: null,
        requests: 500,
        errors: 1,
        latency_p50_ms: 2.1,
        latency_p99_ms: 12.5,
        last_answer_at: '2026-03-01T11:59:57.000Z',
      },
    ],
    managers: [manager('m1', { role: 'leader', is_self: true })],
    counts: {
      secrets: 3,
      secrets_with_problems: 0,
      services: 2,
      services_with_problems: 0,
      tasks: 8,
      outdated_tasks: 0,
    },
    ...changes,
  });
}

/** A manager with a running plugin, with `changes`. */
export function manager(
  name: string,
  changes: Partial<Overview['managers'][number]> = {},
): Overview['managers'][number] {
  return {
    id: `id-${name}`,
    name,
    role: 'standby',
    is_self: false,
    state: 'running',
    message: 'runs the plugin 1.2.3',
    plugin_version: '1.2.3',
    kind: 'service',
    started_at: '2026-03-01T08:00:00.000Z',
    announced_at: '2026-03-01T08:00:01.000Z',
    ...changes,
  };
}

/** A healthy secret with `changes`. */
export function secret(changes: Partial<Secret> = {}): Secret {
  return {
    name: 'db_password',
    provider: 'vault',
    ref: 'vault secret/app/db, field password',
    rotate: 'auto',
    pinned: false,
    revision: '3@2026-03-01T10:00:00.123456789Z',
    revision_name: '3',
    changed_at: '2026-03-01T10:00:00.000Z',
    services: ['web'],
    problem: null,
    ...changes,
  };
}

/** The state of a healthy service. */
const CURRENT: Service['state'] = { code: 'current', severity: 'ok', title: 'Current', message: '' };

/** A healthy service with `changes`. */
export function service(changes: Partial<Service> = {}): Service {
  return {
    id: 'abc',
    name: 'web',
    secrets: ['db_password'],
    state: CURRENT,
    running_tasks: 3,
    desired_tasks: 3,
    outdated_tasks: 0,
    task_revisions: [
      {
        secret: 'db_password',
        provider_revision: '3',
        revisions: [{ revision: '3', name: '3', tasks: 3, state: 'current' }],
      },
    ],
    rollout: null,
    quarantined: null,
    last_rotation_at: '2026-03-01T11:00:00.000Z',
    waiting_reason: null,
    problem: null,
    ...changes,
  };
}

/** A credential that is renewed, with `changes`. */
export function lease(changes: Partial<Lease> = {}): Lease {
  return {
    id: '3-4fzyo82mvyr',
    service: 'shop_web',
    generation: 3,
    provider: 'vault',
    ref: 'vault database/creds/shop',
    secrets: ['db_user', 'db_password'],
    tasks: 3,
    state: 'active',
    holder: 'token',
    renewable: true,
    issued_at: '2026-03-01T09:00:00.000Z',
    renewed_at: '2026-03-01T11:48:00.000Z',
    expires_at: '2026-03-01T12:48:00.000Z',
    ends_at: null,
    rolls_at: null,
    ends_too_soon: false,
    problem: null,
    ...changes,
  };
}

/** An event of the plugin's API. */
export function event(id: number, changes: Partial<Event> = {}): Event {
  return { id, time: NOW, level: 'info', event: 'rollout.completed', message: `event ${id}`, ...changes };
}

/** The response of `/api/v1/secrets`. */
export function secretsAnswer(...secrets: readonly Secret[]) {
  return secretsSchema.parse({ ...observation, total: secrets.length, next_cursor: null, secrets });
}

/** The response of `/api/v1/services`. */
export function servicesAnswer(...services: readonly Service[]) {
  return servicesSchema.parse({ ...observation, total: services.length, next_cursor: null, services });
}

/** The response of `/api/v1/leases`. */
export function leasesAnswer(...leases: readonly Lease[]) {
  return leasesSchema.parse({ ...observation, total: leases.length, next_cursor: null, max_leases: 2_000, leases });
}

/** The response of `/api/v1/events`. */
export function eventsAnswer(...events: readonly Event[]) {
  return eventsSchema.parse({ events, next_before: null });
}

/** Problems of the overview with these messages, 5 min old. */
export function problemEntries(...messages: readonly string[]): ProblemEntry[] {
  return messages.map((message) => ({
    code: 'PROVIDER_UNAVAILABLE',
    severity: 'critical',
    summary: message,
    message,
    action: 'Check the provider',
    since: '2026-03-01T11:55:00.000Z',
    secrets: ['db_password'],
    services: ['web'],
    affected: { secrets: 1, services: 1 },
  }));
}

/** The response of `/api/v1/plan`. */
export function planAnswer(
  ...services: readonly { name: string; tasks: number; outcome?: string; waiting?: string }[]
) {
  return planSchema.parse({
    services: services.map(({ waiting, ...entry }) => ({
      secrets: ['db_password'],
      outcome: 'scheduled',
      waiting_reason: waiting === undefined ? null : { code: 'SERVICE_UPDATING', message: waiting },
      ...entry,
    })),
  });
}

/** The response of `/api/v1/rotate`. */
export function rotateAnswer(...outcomes: readonly Rotate['services'][number]['outcome'][]) {
  return rotateSchema.parse({
    services: outcomes.map((outcome) => ({
      ...{ name: `service_${outcome}`, secrets: ['db_password'], outcome },
    })),
  });
}
