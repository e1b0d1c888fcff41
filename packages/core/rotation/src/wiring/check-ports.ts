import type { RotationPorts, RotationSettings } from '../ports/rotation-ports.ts';

/** The functions that each port must have. */
const FUNCTIONS = {
  orchestrator: ['observe', 'findTask', 'failures', 'roll'],
  changes: ['onChange'],
  leadership: ['role'],
  ledger: ['read', 'compareAndSet'],
  labels: ['read'],
  values: ['refresh', 'revalidate', 'seen', 'newest', 'reportProbe', 'lockDown', 'pin', 'ensureCached'],
  digest: ['digest', 'generateKey'],
  clock: ['now', 'monotonic', 'after'],
  random: ['next'],
  events: ['emit'],
} as const satisfies Partial<Record<keyof RotationPorts, readonly string[]>>;

/**
 * Checks what can be known before the start.
 *
 * @throws {TypeError} names the setting or the port that is wrong, and what is allowed.
 */
export function checkPorts({ intervalMs, policy, maxSliceMs }: RotationSettings, ports: RotationPorts): void {
  for (const [port, names] of Object.entries(FUNCTIONS)) {
    const given = ports[port as keyof typeof FUNCTIONS] as unknown as Record<string, unknown> | undefined;
    const missing = names.filter((name) => typeof given?.[name] !== 'function');
    if (missing.length > 0) throw new TypeError(`the port ${port} must have the function ${missing.join(', ')}`);
  }
  if (typeof ports.findProvider !== 'function') throw new TypeError('findProvider must be a function');
  if (!Array.isArray(ports.providers) || ports.providers.length === 0) {
    throw new TypeError('providers must name at least one provider');
  }
  const numbers = {
    intervalMs,
    'policy.maxParallel': policy.maxParallel,
    'policy.maxParallelLimit': policy.maxParallelLimit,
    'policy.stuckAfterMs': policy.stuckAfterMs,
  };
  for (const [name, value] of Object.entries(numbers)) {
    if (!(value > 0)) throw new TypeError(`${name} must be a number above 0, and it is ${value}`);
  }
  if (maxSliceMs !== undefined && !(maxSliceMs >= 0))
    throw new TypeError(`maxSliceMs must be a number of at least 0, and it is ${maxSliceMs}`);
}
