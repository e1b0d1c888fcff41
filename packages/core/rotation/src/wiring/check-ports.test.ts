import { expect, test } from 'vitest';
import type { RotationPorts, RotationSettings } from '../ports/rotation-ports.ts';
import { Rotation } from '../rotation.ts';

const settings: RotationSettings = {
  enabled: true,
  intervalMs: 1_000,
  policy: { maxParallel: 1, maxParallelLimit: 1, stuckAfterMs: 1_000, onFailure: 'rollback' },
  digestKey: null,
};

/** Ports in which every property is a function. */
function ports(change: Partial<Record<keyof RotationPorts, unknown>> = {}): RotationPorts {
  const everything = new Proxy({}, { get: () => () => undefined });
  const names = ['orchestrator', 'changes', 'leadership', 'ledger', 'labels', 'values', 'digest', 'clock', 'random'];
  const all = Object.fromEntries([...names, 'events'].map((name) => [name, everything]));
  return { ...all, providers: ['vault'], findProvider: async () => everything, ...change } as unknown as RotationPorts;
}

test.each<[string, Partial<Record<keyof RotationPorts, unknown>>, string]>([
  ['no provider', { providers: [] }, 'providers must name at least one provider'],
  ['no findProvider', { findProvider: undefined }, 'findProvider must be a function'],
  [
    'a port without a function',
    { ledger: { read: () => null } },
    'the port ledger must have the function compareAndSet',
  ],
  ['no port', { changes: undefined }, 'the port changes must have the function onChange'],
])('%s is found at the start', (_, change, message) => {
  expect(() => new Rotation(settings, ports(change))).toThrow(new TypeError(message));
});

test('a setting that is no positive number is found at the start', () => {
  expect(() => new Rotation({ ...settings, intervalMs: Number.NaN }, ports())).toThrow('intervalMs must be a number');
  const policy = { ...settings.policy, maxParallel: 0 };
  expect(() => new Rotation({ ...settings, policy }, ports())).toThrow('policy.maxParallel must be a number above 0');
});

test('the time of a slice may be 0, but not less', () => {
  expect(() => new Rotation({ ...settings, maxSliceMs: 0 }, ports())).not.toThrow();
  expect(() => new Rotation({ ...settings, maxSliceMs: -1 }, ports())).toThrow(
    'maxSliceMs must be a number of at least 0, and it is -1',
  );
});
