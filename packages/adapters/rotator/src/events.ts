import type { ProductEvent } from '@vault-swarm/provider';

/** What a rotator reports. No event contains a value. */
export interface RotatorEvents {
  /** Every worker of the group has the new secrets. */
  rotated: { readonly group: string; readonly secrets: readonly string[]; readonly durationMs: number };
  /**
   * New secrets made workers fail. They are quarantined: the group gets the last good ones until a secret changes again.
   */
  'rolled-back': { readonly group: string; readonly secrets: readonly string[]; readonly reason: string };
  /** Something needs attention: a rollout, a worker or a provider failed. `group` is `null` if it concerns all. */
  failed: { readonly group: string | null; readonly message: string };
}

/** The event of the rotator for an event of the rotation; `null` if there is none. */
export function rotatorEvent(
  event: ProductEvent,
): { readonly [K in keyof RotatorEvents]: readonly [K, RotatorEvents[K]] }[keyof RotatorEvents] | null {
  switch (event.type) {
    case 'rollout.completed':
      return ['rotated', { group: event.service, secrets: ownNames(event), durationMs: event.durationMs }];
    case 'quarantine.started':
      return ['rolled-back', { group: event.service, secrets: ownNames(event), reason: event.message }];
    case 'rollout.failed':
      return ['failed', { group: event.service, message: `${ownNames(event).join(', ')}: ${event.message}` }];
    case 'provider.failed':
      return ['failed', { group: null, message: `provider ${event.provider}: ${event.message}` }];
    case 'reconcile.failed':
      return ['failed', { group: null, message: event.message }];
    case 'listener.failed':
      return ['failed', { group: null, message: `a listener failed: ${event.message}` }];
    default:
      return null;
  }
}

/** The name of a secret for the rotation. It is unique, unlike the names that groups give their secrets. */
export function secretName(group: string, name: string): string {
  return `${group}/${name}`;
}

function ownNames({ service, secrets }: { readonly service: string; readonly secrets: readonly string[] }) {
  return secrets.map((name) => name.slice(service.length + 1));
}
