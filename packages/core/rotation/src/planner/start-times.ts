import { RotationWindow, type StartTimes } from '@vault-swarm/provider';
import type { BindingState } from '../bindings/binding-state.ts';
import { quarantineOf } from '../ledger/ledger.ts';
import { type Decision, wait } from './decision.ts';
import { dueBindings, type ServiceState } from './service-state.ts';

/** Rotations start at any time, and without a delay. */
export const AT_ONCE: StartTimes = { window: RotationWindow.always, debounceMs: 0 };

/**
 * Why no rollout may start now: for each secret that needs one, its window is closed or its value is too new. `null` if
 * one of them may start: its rollout brings the values of the others too. Manual rotations and rollbacks need not wait.
 */
export function blockerByTime(serviceState: ServiceState): Decision | null {
  let first: Decision | null = null;
  for (const known of dueBindings(serviceState)) {
    const blocker = blockerOfBinding(serviceState, known);
    if (blocker === null) return null;
    if (first === null || resumesAtMs(blocker) < resumesAtMs(first)) first = blocker;
  }
  return first;
}

function blockerOfBinding(serviceState: ServiceState, { binding, seenAtMs }: BindingState): Decision | null {
  const { entry, nowMs } = serviceState;
  if (entry.requested.includes(binding.key) || quarantineOf(entry, binding.key) !== undefined) return null;
  const { window, debounceMs } = { ...serviceState.startTimes, ...binding.startTimes };
  const stableAtMs = Math.max(nowMs, seenAtMs + debounceMs);
  const opening = window.nextOpening(stableAtMs);
  const secret = binding.secret.name;
  if (opening !== null) {
    return { ...wait(serviceState, 'WINDOW_CLOSED', { secret, time: opening.text }), resumesAtMs: opening.atMs };
  }
  if (stableAtMs <= nowMs) return null;
  const time = new Date(stableAtMs).toISOString();
  return { ...wait(serviceState, 'VALUE_UNSTABLE', { secret, time }), resumesAtMs: stableAtMs };
}

function resumesAtMs(decision: Decision): number {
  return decision.resumesAtMs ?? Number.POSITIVE_INFINITY;
}
