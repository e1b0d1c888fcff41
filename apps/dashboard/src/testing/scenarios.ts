import type { ProblemEntry, Secret, Service } from '@vault-swarm/http/api';
import { problem as knownProblem, type ProblemContext, rankedProblems } from '@vault-swarm/provider';

import {
  AGES_H,
  before,
  event,
  historyOf,
  leaseOf,
  managerOf,
  outdated,
  rolling,
  SERVICES,
  secretOf,
  serviceOf,
  stateOf,
  summaryOf,
  type World,
  worldOf,
} from './world.ts';

/** Everything is healthy: eight services, eleven secrets of two providers. */
export function wellWorld(): World {
  const secrets = Object.entries(AGES_H).map(([name, ageHours], index) => secretOf(name, ageHours, index));
  const services = SERVICES.map(({ name, tasks, secrets: used }, index) => serviceOf(name, tasks, used, index));
  return worldOf(services, secrets);
}

/** Credentials of a service that end: of two generations, one with a failure, and a certificate. */
export function leasedWorld(): World {
  const world = wellWorld();
  const leases = [
    leaseOf('shop_web', { id: 'a', generation: 30, tasks: 0, state: 'unused', rolls_at: null }),
    leaseOf('shop_web', { id: 'b' }),
    leaseOf('shop_web', {
      ...{ id: 'c', ref: 'vault pki/issue/web', renewable: false, renewed_at: null, expires_at: null, holder: 'none' },
      ...{ state: 'replacing', rolls_at: null, ends_at: before(-30), ends_too_soon: true },
    }),
    leaseOf('shop_web', {
      ...{ id: 'd', provider: 'openbao', ref: 'openbao rabbitmq/creds/shop', holder: 'login' },
      problem: { operation: 'renew', message: 'permission denied: add the rule for sys/leases/renew to the policy' },
    }),
    leaseOf('shop_api'),
  ];
  return { ...world, leases };
}

const WAITING = { code: 'SERVICE_UPDATING', message: 'waits for its own update to end' } as const;

/** A new database password is being rolled out; a second service waits for its turn. */
export function rollingWorld(): World {
  const world = wellWorld();
  const services = world.services.map((service): Service => {
    if (service.name === 'shop_web') return rolling(service, 4, 31);
    if (service.name === 'shop_api') return rolling(service, 3, 12);
    if (service.name !== 'shop_worker') return service;
    return { ...outdated(service, 4), state: stateOf('waiting', WAITING.message), waiting_reason: WAITING };
  });
  const events = [
    event(905, 6, 'info', 'rollout.started', 'service shop_api is rolling to generation 12 for secret db_password', {
      ...{ service: 'shop_api', secrets: ['db_password'] },
    }),
    event(904, 7, 'info', 'rollout.started', 'service shop_web is rolling to generation 31 for secret db_password', {
      ...{ service: 'shop_web', secrets: ['db_password'] },
    }),
    event(903, 9, 'info', 'revision.changed', 'vault has revision 42 of secret db_password'),
  ];
  return {
    ...worldOf(services, world.secrets, { in_progress: 2 }),
    events: [...events, ...world.events],
    plan: {
      services: [
        {
          name: 'shop_worker',
          secrets: ['db_password'],
          outcome: 'scheduled',
          tasks: 4,
          waiting_reason: WAITING,
        },
      ],
    },
  };
}

/** This plugin is a standby; the manager that leads has no plugin, and another one has an older version. */
export function withoutPluginWorld(): World {
  const world = wellWorld();
  const leader = problem('LEADER_WITHOUT_PLUGIN', 'swarm-2 has no plugin', 240, {
    action:
      'Install the plugin on swarm-2: see docs/guides/install.md. Or let another manager lead: docker node demote swarm-2',
  });
  const versions = problem('PLUGIN_VERSIONS_DIFFER', '1.4.0 on swarm-1, 1.3.0 on swarm-3', 3_600);
  const problems = [leader, versions];
  const missing = { role: 'leader', state: 'missing', message: 'has no plugin' } as const;
  return {
    ...world,
    overview: {
      ...world.overview,
      role: 'standby',
      problems,
      summary: summaryOf(world.services, world.secrets, problems),
      managers: [
        managerOf('swarm-1', { is_self: true }),
        managerOf('swarm-2', { ...missing, plugin_version: null, kind: null, started_at: null, announced_at: null }),
        managerOf('swarm-3', { plugin_version: '1.3.0', message: 'runs the plugin 1.3.0' }),
      ],
    },
  };
}

/** Healthy, but with a lockdown and dangerous settings. */
export function lockedDownWorld(): World {
  const world = wellWorld();
  const lockdown = problem(
    'LOCKDOWN_ACTIVE',
    'since 2026-03-01T12:30:00.000Z no value is served from the cache, and no rotation starts by itself',
    1_320,
  );
  return {
    ...world,
    overview: {
      ...world.overview,
      summary: summaryOf(world.services, world.secrets, [lockdown], { isLockedDown: true }),
      problems: [lockdown],
      lockdown: { active: true, since: before(1_320) },
      warnings: [
        {
          code: 'plain-http',
          variable: 'VAULT_ADDR',
          message: 'is http://vault.example:8200: tokens and secrets cross the network without encryption; use https',
        },
        {
          code: 'ledger-key-in-ledger',
          variable: 'LEDGER_KEY',
          message: 'is not given: the key is kept in the ledger; give LEDGER_KEY_FILE, the same on all managers',
        },
      ],
    },
  };
}

/** A value is quarantined, a provider is down, and a secret has no value. */
export function troubledWorld(): World {
  const world = wellWorld();
  const services = world.services.map((service): Service => {
    if (service.name === 'mailer') {
      const reason = 'exit code 1 after 2 s, 3 times';
      const [first, ...rest] = service.task_revisions;
      const held = { revision: '41', name: '41', tasks: 2, state: 'held-back' } as const;
      return {
        ...service,
        state: stateOf('held-back', `smtp_password revision 41, provider has 42 (quarantined: ${reason})`),
        task_revisions: first === undefined ? [] : [{ ...first, provider_revision: '42', revisions: [held] }, ...rest],
        quarantined: { secrets: ['smtp_password'], since: before(740), reason },
      };
    }
    if (service.name === 'search') {
      return { ...service, running_tasks: 0, state: stateOf('failing', NO_FIELD), task_revisions: [] };
    }
    if (service.name !== 'billing') return service;
    const stuck = { code: 'ROTATION_BLOCKED', message: 'stuck: it takes longer than 10m' } as const;
    return {
      ...rolling(service, 1),
      state: stateOf('stuck', stuck.message),
      problem: stuck,
      rollout: { ...rolling(service, 1).rollout, state: 'stuck' } as Service['rollout'],
    };
  });
  const secrets = world.secrets.map(
    (secret): Secret =>
      secret.name === 'search_api_key'
        ? {
            ...secret,
            revision: null,
            revision_name: null,
            problem: {
              code: 'INVALID_PAYLOAD',
              message: 'vault secret/search#api_key: the secret has no field "api_key"; its fields are key, user',
            },
          }
        : secret,
  );
  const troubled = worldOf(services, secrets, { errors: 2, in_progress: 1, error_rate: 4.76 });
  const error = { code: 'UNAVAILABLE', message: 'openbao did not answer within 2 s' };
  const problems = [
    ...rankedProblems([
      problem('PROVIDER_UNAVAILABLE', 'openbao: openbao did not answer within 2 s (2 secrets affected)', 312, {
        provider: 'openbao',
        secrets: ['payment_token', 'metrics_token'],
        services: ['shop_api', 'billing', 'metrics_collector'],
      }),
      problem(
        'SECRET_UNDELIVERABLE',
        'search_api_key: vault secret/search#api_key: the secret has no field "api_key"; its fields are key, user',
        41,
        { severity: 'critical', secrets: ['search_api_key'], services: ['search'] },
      ),
      problem('ROTATION_BLOCKED', 'billing: stuck: it takes longer than 10m', 605, { services: ['billing'] }),
      problem(
        'VALUE_QUARANTINED',
        'mailer has the last good value of smtp_password (exit code 1 after 2 s, 3 times)',
        740,
        { services: ['mailer'], secrets: ['smtp_password'] },
      ),
    ]),
  ];
  return {
    ...troubled,
    overview: {
      ...troubled.overview,
      problems,
      summary: summaryOf(services, secrets, problems),
      deliveries: { ...troubled.overview.deliveries, stale: 38, refused: 3 },
      providers: troubled.overview.providers.map((provider) =>
        provider.name === 'openbao'
          ? { ...provider, state: 'circuit-open', since: before(312), error, errors: 14, last_answer_at: before(319) }
          : provider,
      ),
    },
    events: [
      event(
        908,
        41,
        'error',
        'delivery.failed',
        'could not deliver secret search_api_key to service search: the secret has no field "api_key" (INVALID_PAYLOAD)',
      ),
      event(
        907,
        312,
        'warn',
        'circuit-breaker.changed',
        'the circuit breaker of provider openbao is open; last good values are delivered',
      ),
      event(
        906,
        314,
        'error',
        'provider.failed',
        'provider openbao failed: openbao did not answer within 2 s (UNAVAILABLE)',
      ),
      event(
        905,
        738,
        'info',
        'rollback.completed',
        'every task of service mailer has the last good value of secret smtp_password again, after 21s',
      ),
      event(
        904,
        740,
        'error',
        'quarantine.started',
        'the new value of secret smtp_password is quarantined for service mailer, since its tasks failed with it: exit code 1 after 2 s, 3 times; write another value, or rotate manually to try it again',
      ),
      ...troubled.events,
    ],
    plan: {
      services: [{ name: 'mailer', secrets: ['smtp_password'], outcome: 'scheduled', tasks: 2, waiting_reason: null }],
    },
  };
}

/** Docker has not answered for a while, so the ticker has stopped. */
export function stoppedWorld(): World {
  const world = wellWorld();
  const problems = [problem('ORCHESTRATOR_UNAVAILABLE', 'connect ECONNREFUSED /var/run/docker.sock', 94)];
  return {
    ...world,
    overview: {
      ...world.overview,
      summary: summaryOf(world.services, world.secrets, problems, { isHealthy: false }),
      healthy: false,
      ticker_healthy: false,
      heartbeat_at: before(94),
      observed_at: before(94),
      problems,
    },
  };
}

/** The plugin has just started in a Swarm without a secret of its driver. */
export function emptyWorld(): World {
  const world = worldOf([], []);
  const quiet = {
    cache: 0,
    provider: 0,
    stale: 0,
    refused: 0,
    hit_rate: null,
    p50_ms: null,
    p99_ms: null,
    cached_values: 0,
    cached_bytes: 0,
  };
  return {
    ...world,
    events: world.events.slice(-2),
    history: historyOf(2),
    overview: {
      ...world.overview,
      deliveries: quiet,
      rotations: { total: 0, errors: 0, error_rate: 0, in_progress: 0, last_at: null },
      providers: world.overview.providers.map((provider) => ({
        ...provider,
        state: 'unused',
        requests: 0,
        errors: 0,
        latency_p50_ms: null,
        latency_p99_ms: null,
        last_answer_at: null,
        since: null,
      })),
    },
  };
}

/** A large Swarm: `secrets` secrets, and services of three tasks with up to twenty secrets each. */
export function largeWorld(secretCount: number, serviceCount: number): World {
  const secrets = Array.from({ length: secretCount }, (_, nth) =>
    secretOf(`app-${nth % 97}_credential_${nth}`, (nth * 7) % 900, nth),
  );
  const services = Array.from({ length: serviceCount }, (_, nth) => {
    const used = secrets.filter((_secret, index) => index % serviceCount === nth).map(({ name }) => name);
    const service = serviceOf(`stack-${nth % 23}_service-${nth}`, 3, used, nth);
    return nth % 41 === 7 ? rolling(service, 1) : service;
  });
  return worldOf(services, secrets, { in_progress: services.filter(({ rollout }) => rollout !== null).length });
}

/** A problem as the plugin reports it. */
function problem(
  code: ProblemEntry['code'],
  detail: string,
  ageSeconds: number,
  context: ProblemContext = {},
): ProblemEntry {
  const known = knownProblem(code, detail, { orchestrator: 'Docker', ...context });
  return {
    code,
    severity: known.severity,
    summary: known.summary,
    message: known.detail,
    action: known.action,
    since: before(ageSeconds),
    secrets: [...known.secrets],
    services: [...known.services],
    affected: { secrets: known.secrets.length, services: known.services.length },
  };
}

const NO_FIELD =
  'secret search_api_key has no value: vault secret/search#api_key: the secret has no field "api_key"; its fields are key, user';
