import type { LeaseStatus } from '@vault-swarm/rotation';
import { expect, test } from 'vitest';
import { nothingSeen, setUpExposition } from './testing/sources.ts';

const NOW_MS = 1_700_000_000_000;

function lease(id: string, changes: Partial<LeaseStatus> = {}): LeaseStatus {
  return {
    ...{ id, service: 'web', generation: 1, provider: 'vault', ref: 'vault database/creds/shop', secrets: ['db'] },
    ...{ tasks: 1, state: 'active', holder: 'token', renewable: true, problem: null },
    ...{ issuedAtMs: NOW_MS, renewedAtMs: null, expiresAtMs: null, endsAtMs: null, rollsAtMs: null },
    ...changes,
  };
}

async function leaseSamples(scrape: ReturnType<typeof setUpExposition>['scrape']) {
  const { samples } = await scrape();
  const own = Object.entries(samples).map(([name, value]) => [name.replace('vault_swarm_plugin_', ''), value] as const);
  return Object.fromEntries(own.filter(([name]) => name.startsWith('lease_') && !name.startsWith('lease_operations')));
}

test('the credentials that end are counted by state, with the nearest end of those in use', async () => {
  const { sources, scrape } = setUpExposition();
  expect(await leaseSamples(scrape)).toEqual({
    ...{ 'lease_sets{state="active"}': 0, 'lease_sets{state="replacing"}': 0, 'lease_sets{state="ended"}': 0 },
    ...{ 'lease_sets{state="unknown"}': 0, 'lease_sets{state="unused"}': 0, lease_sets_limit: 2_000 },
    ...{ 'lease_failures{operation="renew"}': 0, 'lease_failures{operation="revoke"}': 0 },
    ...{ lease_sets_ending_soon: 0, lease_nearest_end_timestamp_seconds: 0 },
    'lease_limit_refusals_total{limit="LEASE_MAX"}': 0,
    'lease_limit_refusals_total{limit="LEASE_ISSUES_PER_HOUR"}': 0,
    lease_requests_already_delivered_total: 0,
  });
  const sets = [
    lease('a', { expiresAtMs: NOW_MS + 60_000, endsAtMs: NOW_MS + 600_000 }),
    lease('b', { problem: { operation: 'renew', message: 'away' }, state: 'replacing' }),
    lease('c', { tasks: 0, state: 'unused', endsAtMs: NOW_MS, problem: { operation: 'revoke', message: 'away' } }),
    lease('d'),
  ];
  sources.status = { ...nothingSeen, leases: { sets, maxSets: 10, endingTooSoon: new Set(['b']) } };
  expect(await leaseSamples(scrape)).toMatchObject({
    ...{ 'lease_sets{state="active"}': 2, 'lease_sets{state="replacing"}': 1, 'lease_sets{state="unused"}': 1 },
    ...{ 'lease_failures{operation="renew"}': 1, 'lease_failures{operation="revoke"}': 1, lease_sets_limit: 10 },
    ...{ lease_sets_ending_soon: 1, lease_nearest_end_timestamp_seconds: 1_700_000_060 },
  });
});

test('what a limit does not allow is counted by its setting, and not what the provider limits', async () => {
  const { happen, scrape } = setUpExposition();
  const failed = {
    type: 'lease.failed',
    operation: 'issue',
    provider: 'vault',
    service: 'web',
    code: 'RATE_LIMITED',
    message: '',
  } as const;
  happen(failed);
  happen({ ...failed, limit: 'LEASE_MAX' });
  expect(await leaseSamples(scrape)).toMatchObject({
    'lease_limit_refusals_total{limit="LEASE_MAX"}': 1,
    'lease_limit_refusals_total{limit="LEASE_ISSUES_PER_HOUR"}': 0,
  });
});
