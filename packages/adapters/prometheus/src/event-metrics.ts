import type { EventCounter } from '@vault-swarm/kernel';
import { leaseLimits, type ProductEvent, providerErrorCodes } from '@vault-swarm/provider';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { DetectionDelays } from './detection-delays.ts';
import { OTHER } from './provider-metrics.ts';
import { PREFIX } from './readings.ts';

// The first bound is about the time of a cache hit; the last but one is the default deadline of a response.
const GETSECRET_BOUNDS_SECONDS = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 5];
const ROLLOUT_BOUNDS_SECONDS = [1, 2.5, 5, 10, 20, 40, 80, 160, 320, 600];
const OUTCOMES = ['cache', 'provider', 'stale', 'refused'] as const;
const LEASE_OPERATIONS = ['issue', 'renew', 'revoke'] as const;
const RESULTS = ['completed', 'paused', 'rolled-back', 'stuck', 'rejected', 'rollback-completed'] as const;

/**
 * The metrics that are counted from events. All label values are known at the start, so the number of series is fixed.
 * No secret, service or message is ever a label.
 */
export class EventMetrics {
  readonly #providers: ReadonlySet<string>;
  readonly #changes = new DetectionDelays();
  readonly #getSecret: Histogram<'outcome'>;
  readonly #rollout: Histogram;
  readonly #rotation: Histogram;
  readonly #rollouts: Counter<'result'>;
  readonly #quarantines: Counter;
  readonly #denials: Counter;
  readonly #providerErrors: Counter<'provider' | 'code'>;
  readonly #leases: Counter<'operation' | 'result'>;
  readonly #leaseLimits: Counter<'limit'>;
  readonly #alreadyDelivered: Counter;
  readonly #dockerErrors: Counter;
  readonly #dockerUp: Gauge;
  readonly #passes: Histogram;
  readonly #counters: readonly { readonly counter: Counter<'result'>; resultOf(event: ProductEvent): string | null }[];

  /**
   * @param providers the names of the configured provider instances.
   * @param counters what the adapters count of their own events.
   */
  constructor(registry: Registry, providers: readonly string[], counters: readonly EventCounter<never>[]) {
    const registers = [registry];
    this.#providers = new Set(providers);
    this.#getSecret = new Histogram({
      name: `${PREFIX}getsecret_duration_seconds`,
      help: 'Time to answer Docker, by the source of the value',
      labelNames: ['outcome'],
      buckets: GETSECRET_BOUNDS_SECONDS,
      registers,
    });
    this.#rollout = new Histogram({
      name: `${PREFIX}rollout_duration_seconds`,
      help: 'Time from the detection of a change until the last task of a service had it',
      buckets: ROLLOUT_BOUNDS_SECONDS,
      registers,
    });
    this.#rotation = new Histogram({
      name: `${PREFIX}rotation_delay_seconds`,
      help: 'Time from the change at the provider, if it reports that, until the last task of a service had it',
      buckets: ROLLOUT_BOUNDS_SECONDS,
      registers,
    });
    this.#rollouts = new Counter({
      name: `${PREFIX}rollouts_total`,
      help: 'Rollout transitions by result; rollback-completed: every task has the previous good revisions',
      labelNames: ['result'],
      registers,
    });
    this.#quarantines = new Counter({
      name: `${PREFIX}quarantines_total`,
      help: 'Revision sets that were quarantined because tasks of a service failed with them',
      registers,
    });
    this.#denials = new Counter({
      name: `${PREFIX}access_denials_total`,
      help: 'Secrets that the access policy denied to a service, or would have denied if it were enforced',
      labelNames: ['enforced'],
      registers,
    });
    this.#providerErrors = new Counter({
      name: `${PREFIX}provider_outages_total`,
      help: 'Outages of providers: how often one started to fail',
      labelNames: ['provider', 'code'],
      registers,
    });
    this.#leases = new Counter({
      name: `${PREFIX}lease_operations_total`,
      help: 'Issues, renewals and revocations of credentials that end, by result',
      labelNames: ['operation', 'result'],
      registers,
    });
    this.#leaseLimits = new Counter({
      name: `${PREFIX}lease_limit_refusals_total`,
      help: 'Credentials that were not issued because of a limit, by the setting',
      labelNames: ['limit'],
      registers,
    });
    this.#alreadyDelivered = new Counter({
      name: `${PREFIX}lease_requests_already_delivered_total`,
      help: 'Requests for credentials of running tasks that the plugin does not have any more; harmless',
      registers,
    });
    this.#dockerErrors = new Counter({
      name: `${PREFIX}orchestrator_outages_total`,
      help: 'Outages of Docker: how often it started to fail',
      registers,
    });
    this.#dockerUp = new Gauge({
      name: `${PREFIX}orchestrator_up`,
      help: 'Whether Docker answered in the last reconcile pass (0 or 1)',
      registers,
    });
    this.#passes = new Histogram({
      name: `${PREFIX}reconcile_duration_seconds`,
      help: 'Duration of reconcile passes',
      buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30],
      registers,
    });
    this.#counters = counters.map(({ name, help, results, resultOf }) => {
      const counter = new Counter({ name: `${PREFIX}${name}`, help, labelNames: ['result'], registers });
      for (const result of results) counter.inc({ result }, 0);
      return { counter, resultOf };
    });
    for (const outcome of OUTCOMES) this.#getSecret.zero({ outcome });
    for (const enforced of ['true', 'false']) this.#denials.inc({ enforced }, 0);
    for (const result of RESULTS) this.#rollouts.inc({ result }, 0);
    for (const operation of LEASE_OPERATIONS) {
      for (const result of ['ok', 'failed']) this.#leases.inc({ operation, result }, 0);
    }
    for (const limit of leaseLimits) this.#leaseLimits.inc({ limit }, 0);
    for (const provider of this.#providers) {
      for (const code of providerErrorCodes) this.#providerErrors.inc({ provider, code }, 0);
    }
  }

  /** Counts `event`, which happened at `atMs` (milliseconds since 1970). */
  observe(event: ProductEvent, atMs: number): void {
    for (const { counter, resultOf } of this.#counters) {
      const result = resultOf(event);
      if (result !== null) counter.inc({ result });
    }
    switch (event.type) {
      case 'secret.delivered':
        this.#getSecret.observe({ outcome: event.source }, event.durationMs / 1000);
        return;
      case 'delivery.failed':
        this.#getSecret.observe({ outcome: 'refused' }, event.durationMs / 1000);
        return;
      case 'access.denied':
        this.#denials.inc({ enforced: String(event.isEnforced) });
        return;
      case 'revision.changed':
        this.#changes.seen(event, atMs);
        return;
      case 'rollout.completed':
        this.#rollouts.inc({ result: 'completed' });
        this.#rollout.observe(event.durationMs / 1000);
        this.#rotation.observe((event.durationMs + this.#changes.unseenForMs(event.secrets)) / 1000);
        return;
      case 'rollout.failed':
        this.#rollouts.inc({ result: event.reason });
        return;
      case 'rollback.completed':
        this.#rollouts.inc({ result: 'rollback-completed' });
        return;
      case 'quarantine.started':
        this.#quarantines.inc();
        return;
      case 'provider.failed': {
        const provider = this.#providers.has(event.provider) ? event.provider : OTHER;
        this.#providerErrors.inc({ provider, code: event.code });
        return;
      }
      case 'lease.issued':
        this.#leases.inc({ operation: 'issue', result: 'ok' });
        return;
      case 'lease.renewed':
        this.#leases.inc({ operation: 'renew', result: 'ok' });
        return;
      case 'lease.revoked':
        this.#leases.inc({ operation: 'revoke', result: 'ok' });
        return;
      case 'lease.failed':
        this.#leases.inc({ operation: event.operation, result: 'failed' });
        if (event.limit !== undefined) this.#leaseLimits.inc({ limit: event.limit });
        return;
      case 'lease.already-delivered':
        this.#alreadyDelivered.inc();
        return;
      case 'orchestrator.failed':
        this.#dockerErrors.inc();
        return;
      case 'reconcile.completed':
        this.#dockerUp.set(Number(event.orchestratorAnswered));
        this.#passes.observe(event.durationMs / 1000);
        return;
    }
  }
}
