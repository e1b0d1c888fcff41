import type { MonthOfRequests } from '@vault-swarm/metrics';
import { Gauge, type Registry } from 'prom-client';
import { PREFIX } from './readings.ts';

/** The number of provider requests per month, and their cost if the provider charges for them. */
export class CostMetrics {
  readonly #dollars: Gauge<'provider'>;
  readonly #requests: Gauge<'provider'>;

  constructor(registry: Registry) {
    this.#dollars = new Gauge({
      name: `${PREFIX}provider_cost_dollars_per_month`,
      help: 'Cost of a month of requests at the rate of the last hour',
      labelNames: ['provider'],
      registers: [registry],
    });
    this.#requests = new Gauge({
      name: `${PREFIX}provider_requests_per_month`,
      help: 'Number of requests in a month at the rate of the last hour',
      labelNames: ['provider'],
      registers: [registry],
    });
  }

  /** Replaces the values, by the provider's name. */
  update(months: ReadonlyMap<string, MonthOfRequests>): void {
    for (const [provider, { requests, dollars }] of months) {
      this.#requests.set({ provider }, requests);
      if (dollars !== null) this.#dollars.set({ provider }, dollars);
    }
  }
}
