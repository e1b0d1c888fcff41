import { createHmac } from 'node:crypto';
import type { ProductEvent, ProviderTools } from '@vault-swarm/provider';
import { SuiteClock } from './suite-clock.ts';

/** An event of one request to the provider. */
export type RequestEvent = Extract<ProductEvent, { readonly type: 'provider.request-completed' }>;

/** What the suite gives to each instance. All instances of one check share it. */
export interface SuiteTools extends ProviderTools {
  readonly clock: SuiteClock;
  /** All events so far. */
  readonly emitted: readonly ProductEvent[];
  /** The events of requests so far. */
  requests(): readonly RequestEvent[];
}

/** Tools for an instance of this name. The digest has the same key for every instance, as after a restart of the plugin. */
export function createSuiteTools(name: string): SuiteTools {
  const emitted: ProductEvent[] = [];
  return {
    name,
    clock: new SuiteClock(),
    random: { next: () => 0.5 },
    digest: (bytes) => createHmac('sha256', 'key of the contract suite').update(bytes).digest('base64url').slice(0, 16),
    events: { emit: (event) => void emitted.push(event) },
    ownFiles: [],
    emitted,
    requests: () => emitted.filter((event) => event.type === 'provider.request-completed'),
  };
}
