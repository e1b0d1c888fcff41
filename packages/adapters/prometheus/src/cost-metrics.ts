import { Gauge, type Registry } from 'prom-client';
import { PREFIX } from './readings.ts';

/** What the requests to providers cost that take money for them. */
export class CostMetrics {
  readonly #dollars: Gauge<'provider'>;

  constructor(registry: Registry) {
    this.#dollars = new Gauge({
      name: `${PREFIX}provider_cost_dollars_per_month`,
      help: 'What a month of requests like those of the last hour costs',
      labelNames: ['provider'],
      registers: [registry],
    });
  }

  /** Takes over what they cost now, by the provider's name. */
  update(dollarsPerMonth: ReadonlyMap<string, number>): void {
    for (const [provider, dollars] of dollarsPerMonth) this.#dollars.set({ provider }, dollars);
  }
}
