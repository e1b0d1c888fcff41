import { displayText, quoted } from '@vault-swarm/kernel';
import type { CallOptions } from '@vault-swarm/provider';
import type { ServiceBindings } from '../bindings/secret-binding.ts';
import { type LedgerDocument, NOTHING_OPEN } from '../ledger/ledger.ts';
import { isPaused, isUpdating, nextGeneration } from '../planner/service-state.ts';
import { type RequestedService, RotationRejected } from '../ports/manual-rotation.ts';
import type { Orchestrator } from '../ports/orchestrator.ts';

/** What forced restarts need. */
export interface ForcedRestartPorts {
  readonly orchestrator: Pick<Orchestrator, 'roll'>;
  /** The most services that are restarted for one request: nothing limits how many roll at the same time. */
  readonly maxServices: number;
  /** Why the provider delivers no value of a ref; `null` if it delivers one, or does not answer. */
  undeliverable(refKey: string): string | null;
}

/** The services whose tasks have the newest values already, and that the request restarts in spite of that. */
export function forcedServices(
  services: readonly ServiceBindings[],
  requested: readonly RequestedService[],
): readonly ServiceBindings[] {
  const names = new Set(requested.flatMap(({ name, outcome }) => (outcome === 'restarted' ? [name] : [])));
  return services.filter(({ service }) => names.has(service.name));
}

/**
 * Checks whether all of these services can be restarted now.
 * @throws {RotationRejected} if one can't; nothing was changed then.
 */
export function refuseRestart(services: readonly ServiceBindings[], ports: ForcedRestartPorts): void {
  if (services.length > ports.maxServices) {
    throw new RotationRejected(
      'TOO_MANY_SERVICES',
      `${services.length} services have the newest values, and at most ${ports.maxServices} (ROTATION_MAX_PARALLEL) ` +
        'are restarted for one request; name one service, or raise that setting',
    );
  }
  for (const { service, bindings } of services) {
    const name = `service ${displayText(service.name)}`;
    if (isPaused(service)) {
      throw new RotationRejected(
        'UNAVAILABLE',
        `the latest update of ${name} is paused; update the service again first`,
      );
    }
    if (isUpdating(service)) {
      throw new RotationRejected('UNAVAILABLE', `${name} is being updated; try again when its update is completed`);
    }
    for (const { secret, refKey, denial } of bindings) {
      const reason = denial ?? ports.undeliverable(refKey);
      if (reason === null) continue;
      const message = `the new tasks of ${name} would not start: secret ${quoted(secret.name)}: ${reason}`;
      throw new RotationRejected('UNAVAILABLE', message);
    }
  }
}

/**
 * Restarts a service's tasks though no value has changed. Its own update configuration applies. The rotation takes it
 * for an update of the user, and watches nothing.
 * @throws {RotationRejected} if the service was changed at the same time, or the outcome is not known.
 */
export async function restartService(
  { service }: ServiceBindings,
  ledger: LedgerDocument,
  { orchestrator }: ForcedRestartPorts,
  options: CallOptions,
): Promise<number> {
  const entry = ledger.services[service.id] ?? NOTHING_OPEN;
  const generation = nextGeneration({ service, entry, failures: null });
  const outcome = await orchestrator.roll(service.id, service.version, generation, options);
  if (outcome === 'applied') return generation;
  const name = `service ${displayText(service.name)}`;
  throw new RotationRejected(
    'UNAVAILABLE',
    outcome === 'conflict'
      ? `${name} was changed at the same time; try again`
      : `whether ${name} is restarting is not known; check its tasks before you try again`,
  );
}
