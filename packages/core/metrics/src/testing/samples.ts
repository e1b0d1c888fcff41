import type { ProductEvent, ProviderErrorCode } from '@vault-swarm/provider';
import type { Stats } from '../reports.ts';

/** A delivery as an event. */
export function delivered(source: 'cache' | 'provider' | 'stale', durationMs = 1): ProductEvent {
  const names = { secret: 'db', service: 'web', task: 't1', provider: 'vault', revision: '1' };
  return { type: 'secret.delivered', ...names, source, durationMs };
}

/** A failed delivery as an event. */
export function refused(durationMs = 1): ProductEvent {
  const names = { secret: 'db', service: 'web', task: 't1', provider: 'vault' };
  return { type: 'delivery.failed', ...names, code: 'NOT_FOUND', message: 'none', durationMs };
}

/** A request to a provider as an event. */
export function requested(provider: string, outcome: 'ok' | ProviderErrorCode = 'ok', durationMs = 1): ProductEvent {
  return { type: 'provider.request-completed', provider, operation: 'read', outcome, durationMs };
}

/** The statistics of a plugin that has just started. */
export const freshFigures: Stats = {
  runtime: {
    operationsInFlight: 4,
    allocBytes: 1000,
    sysBytes: 3000,
    heapBytes: 2000,
    gcCycles: 0,
    gcPauseTotalMs: 0,
    lastGcAtMs: null,
    eventLoopLagMs: 0,
  },
  rotations: 0,
  rotationErrors: 0,
  tickerHealthy: true,
  heartbeatAtMs: null,
  startedAtMs: 1_700_000_000_000,
  uptimeMs: 0,
};
