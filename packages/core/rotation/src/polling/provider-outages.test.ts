import type { ProductEvent } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { ProviderOutages } from './provider-outages.ts';

test('the start and the end of an outage are reported once each, by whatever found them', () => {
  const seen: ProductEvent[] = [];
  const outages = new ProviderOutages({ emit: (event) => seen.push(event) });
  outages.answered('vault');
  outages.failed('vault', { code: 'UNAVAILABLE', message: 'sealed' });
  outages.failed('vault', { code: 'UNAUTHENTICATED', message: 'no token' });
  outages.failed('aws', { code: 'RATE_LIMITED', message: 'slow down' });
  outages.answered('vault');
  outages.answered('vault');
  outages.failed('vault', { code: 'UNAVAILABLE', message: 'sealed again' });
  expect(seen).toEqual([
    { type: 'provider.failed', provider: 'vault', code: 'UNAVAILABLE', message: 'sealed' },
    { type: 'provider.failed', provider: 'aws', code: 'RATE_LIMITED', message: 'slow down' },
    { type: 'provider.recovered', provider: 'vault' },
    { type: 'provider.failed', provider: 'vault', code: 'UNAVAILABLE', message: 'sealed again' },
  ]);
});
