import type { MonthOfRequests } from '@vault-swarm/metrics';
import { Gauge, type Registry } from 'prom-client';
import { PREFIX } from './readings.ts';

/** How many requests to providers there are in a month, and what they cost where money is taken for them. */
export class CostMetrics {
  readonly #dollars: Gauge<'provider'>;
  readonly #requests: Gauge<'provider'>;

  constructor(registry: Registry) {
    this.#dollars = new Gauge({
      name: `${PREFIX}provider_cost_dollars_per_month`,
      help: 'What a month of requests like those of the last hour costs',
      labelNames: ['provider'],
      registers: [registry],
    });
    this.#requests = new Gauge({
      name: `${PREFIX}provider_requests_per_month`,
      help: 'How many requests a month like the last hour has',
      labelNames: ['provider'],
      registers: [registry],
    });
  }

  /** Takes over what there is now, by the provider's name. */
  update(months: ReadonlyMap<string, MonthOfRequests>): void {
    for (const [provider, { requests, dollars }] of months) {
      this.#requests.set({ provider }, requests);
      if (dollars !== null) this.#dollars.set({ provider }, dollars);
    }
  }
}
