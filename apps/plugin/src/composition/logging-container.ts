import { readRegularFile } from '@vault-swarm/file/regular-file';
import { Listeners, type NamedEvent, type Timed } from '@vault-swarm/kernel';
import { createLogger, type EventLog } from '@vault-swarm/logging';
import { EventDeduplicator, RecentEvents } from '@vault-swarm/metrics';
import { PolicyReload } from '@vault-swarm/provider';
import { CachedStatus, type ProviderHealthCheck } from '@vault-swarm/rotation';
import type { Container, ServiceIdentifier } from 'inversify';
import { policyIn } from '../changed-policy.ts';
import { namesOf } from '../configured-providers.ts';
import { CredentialWatch } from '../credential-watch.ts';
import { eventCatalog, type PluginEvent } from '../plugin-events.ts';
import { id } from './identifiers.ts';
import { provide } from './provide.ts';
import { rotationId } from './rotation-container.ts';

/** Events of adapters that come with each request, and do not change the rotation's status. */
const EVENTS_OF_REQUESTS: readonly PluginEvent['type'][] = ['driver.request-rejected', 'monitoring.failed'];

/** The container's entries for the log and the provider health checks. */
export const loggingId = {
  log: Symbol('log') as ServiceIdentifier<EventLog>,
  status: Symbol('status') as ServiceIdentifier<CachedStatus>,
  recentEvents: Symbol('recentEvents') as ServiceIdentifier<RecentEvents>,
  credentials: Symbol('credentials') as ServiceIdentifier<CredentialWatch>,
  /** Tells the rotation why tasks got no value, for the status. */
  refusals: Symbol('refusals') as ServiceIdentifier<{ observe(event: PluginEvent): void }>,
  policyReload: Symbol('policyReload') as ServiceIdentifier<PolicyReload>,
  healthCheck: Symbol('inquiry') as ServiceIdentifier<ProviderHealthCheck>,
  /** Receives the events for the log and the event list. */
  eventLog: Symbol('eventLog') as ServiceIdentifier<EventDeduplicator>,
};

/**
 * Adds the log and the provider health checks, with or without monitoring. Needs the rotation; imported after the
 * socket listens.
 */
export function addLogging(container: Container): void {
  provide(container, loggingId.log, { configuration: id.configuration }, ({ configuration: { logging } }) =>
    createLogger(logging, { catalog: eventCatalog }),
  );
  provide(
    container,
    loggingId.status,
    { clock: id.clock, rotation: rotationId.rotation },
    ({ clock, rotation }) => new CachedStatus(clock, () => rotation.status(), EVENTS_OF_REQUESTS),
  );
  provide(
    container,
    loggingId.healthCheck,
    { configuration: id.configuration, rotation: rotationId.rotation, readiness: id.readiness },
    ({ configuration: { providers }, rotation, readiness }) => {
      const [first] = namesOf(providers);
      return rotation.healthCheck((name) => readiness.providerAnswered({ isDefault: name === first }));
    },
  );
  provide(container, loggingId.refusals, { rotation: rotationId.rotation }, ({ rotation }) => ({
    observe: (event) => {
      if (event.type === 'delivery.failed') rotation.refused(event);
    },
  }));
  provide(
    container,
    loggingId.credentials,
    { configuration: id.configuration, events: id.events },
    ({ configuration: { credentials }, events }) => new CredentialWatch(credentials, events),
  );
  provide(
    container,
    loggingId.policyReload,
    { configuration: id.configuration, access: id.access, events: id.events },
    ({
      configuration: {
        access: { path },
        providers,
      },
      access,
      events,
    }) => new PolicyReload({ ...policyIn(path, readRegularFile, providers), access, events }),
  );
  // Numbers increase across restarts, so that a client can continue after the last event that it saw.
  provide(
    container,
    loggingId.recentEvents,
    { clock: id.clock, events: id.events },
    ({ clock, events }) => new RecentEvents(events, { firstId: clock.now() * 1_000 }),
  );
  provide(
    container,
    loggingId.eventLog,
    { log: loggingId.log, recentEvents: loggingId.recentEvents, clock: id.clock, events: id.events },
    ({ log: { log }, recentEvents, clock, events }) => {
      const readers = new Listeners<[Timed<NamedEvent>]>(events);
      readers.add('log', log);
      readers.add('list of events', (event) => recentEvents.observe(event));
      return new EventDeduplicator(clock, eventCatalog, (event) => readers.notify(event));
    },
  );
}
