import { type LeaseStatus, leaseStates, type RotationStatus } from '@vault-swarm/rotation';
import { Gauge, type Registry } from 'prom-client';
import { PREFIX, type Readings, secondsOf } from './readings.ts';

const OPERATIONS = ['renew', 'revoke'] as const;

/** The credentials that end, never by service. */
export function addLeases(registry: Registry, readings: Readings<RotationStatus>): void {
  const sets = new Gauge({
    name: `${PREFIX}lease_sets`,
    help: 'Credentials that end, by state',
    labelNames: ['state'],
    registers: [registry],
  });
  const failures = new Gauge({
    name: `${PREFIX}lease_failures`,
    help: 'Credentials whose latest renewal or revocation failed',
    labelNames: ['operation'],
    registers: [registry],
  });
  readings.other(({ leases }) => {
    for (const state of leaseStates) sets.set({ state }, leases.sets.filter((set) => set.state === state).length);
    for (const operation of OPERATIONS) {
      failures.set({ operation }, leases.sets.filter(({ problem }) => problem?.operation === operation).length);
    }
  });
  readings.gauge('lease_sets_limit', 'How many credentials that end there may be: LEASE_MAX', ({ leases }) => {
    return leases.maxSets;
  });
  readings.gauge(
    'lease_sets_ending_soon',
    'Credentials in use that end sooner than a rollout of their service takes',
    ({ leases }) => leases.endingTooSoon.size,
  );
  readings.gauge(
    'lease_nearest_end_timestamp_seconds',
    'When the first credential in use ends unless it is renewed or replaced, 0 if no end is known',
    ({ leases }) => secondsOf(nearestEndMs(leases.sets)),
  );
}

function nearestEndMs(sets: readonly LeaseStatus[]): number | null {
  const used = sets.filter(({ tasks }) => tasks > 0);
  const ends = used.flatMap(({ endsAtMs, expiresAtMs }) => [endsAtMs ?? [], expiresAtMs ?? []].flat());
  return ends.length === 0 ? null : Math.min(...ends);
}
