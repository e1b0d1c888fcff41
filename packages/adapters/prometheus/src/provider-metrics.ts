import type { ProviderSummary } from '@vault-swarm/metrics';
import type { ProductEvent } from '@vault-swarm/provider';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { PREFIX, secondsOf } from './readings.ts';

const REQUEST_BOUNDS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** An adapter has a few operations; operations beyond this number are counted together. */
const MAX_OPERATIONS = 16;

/** The label value for providers that are not configured, and for operations beyond the limit. */
export const OTHER = 'other';

/** The state of the providers, and the requests to them. */
export class ProviderMetrics {
  readonly #providers: ReadonlySet<string>;
  readonly #operations = new Set<string>();
  readonly #requests: Counter<'provider' | 'operation' | 'outcome'>;
  readonly #durations: Histogram<'provider' | 'operation'>;
  readonly #up: Gauge<'provider'>;
  readonly #breaker: Gauge<'provider'>;
  readonly #answered: Gauge<'provider'>;
  readonly #login: Gauge<'provider'>;
  readonly #loginEnds: Gauge<'provider'>;

  /** @param providers the names of the configured provider instances. */
  constructor(registry: Registry, providers: readonly string[]) {
    const registers = [registry];
    this.#providers = new Set(providers);
    this.#requests = new Counter({
      name: `${PREFIX}provider_requests_total`,
      help: 'Requests to providers by operation and result',
      labelNames: ['provider', 'operation', 'outcome'],
      registers,
    });
    this.#durations = new Histogram({
      name: `${PREFIX}provider_request_duration_seconds`,
      help: 'Duration of requests to providers, including the wait for a connection',
      labelNames: ['provider', 'operation'],
      buckets: REQUEST_BOUNDS_SECONDS,
      registers,
    });
    const gauge = (name: string, help: string) =>
      new Gauge({ name: `${PREFIX}${name}`, help, labelNames: ['provider'], registers });
    this.#up = gauge('provider_up', 'Whether the provider is healthy, as far as is known (0 or 1)');
    this.#breaker = gauge(
      'provider_circuit_breaker_open',
      'Whether the circuit breaker of the provider is open, so that it is not called (0 or 1)',
    );
    this.#answered = gauge(
      'provider_last_answer_timestamp_seconds',
      'Time of the last response of the provider, 0 before the first',
    );
    this.#login = gauge(
      'provider_login_timestamp_seconds',
      'Time of the last login or renewal; absent if none was needed yet',
    );
    this.#loginEnds = gauge(
      'provider_login_expiry_timestamp_seconds',
      'Time when the login ends if it is not renewed; absent if it does not end or the end is not known',
    );
  }

  /** Counts `event`. */
  observe(event: ProductEvent): void {
    if (event.type !== 'provider.request-completed') return;
    const provider = this.#providers.has(event.provider) ? event.provider : OTHER;
    const operation = this.#operationOf(event.operation);
    this.#requests.inc({ provider, operation, outcome: event.outcome });
    this.#durations.observe({ provider, operation }, event.durationMs / 1000);
  }

  /** Replaces the state of all providers. */
  update(summaries: readonly ProviderSummary[]): void {
    this.#loginEnds.reset();
    for (const { name: provider, state, lastAnswerAtMs, loggedInAtMs, loginExpiresAtMs } of summaries) {
      this.#up.set({ provider }, Number(state === 'ok' || state === 'unused'));
      this.#breaker.set({ provider }, Number(state === 'circuit-open'));
      this.#answered.set({ provider }, secondsOf(lastAnswerAtMs));
      if (loggedInAtMs !== null) this.#login.set({ provider }, loggedInAtMs / 1000);
      if (loginExpiresAtMs !== null) this.#loginEnds.set({ provider }, loginExpiresAtMs / 1000);
    }
  }

  #operationOf(operation: string): string {
    if (!this.#operations.has(operation)) {
      if (this.#operations.size >= MAX_OPERATIONS) return OTHER;
      this.#operations.add(operation);
    }
    return operation;
  }
}
