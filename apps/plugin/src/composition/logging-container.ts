import { readRegularFile } from '@vault-swarm/file/regular-file';
import { Listeners, type NamedEvent, type Timed } from '@vault-swarm/kernel';
import { createLogger, type EventLog } from '@vault-swarm/logging';
import { EventDeduplicator, RecentEvents } from '@vault-swarm/metrics';
import type { Container, ServiceIdentifier } from 'inversify';
import { AccessReload } from '../access-reload.ts';
import { CachedStatus } from '../cached-status.ts';
import { namesOf } from '../configured-providers.ts';
import { CredentialWatch } from '../credential-watch.ts';
import { eventCatalog } from '../plugin-events.ts';
import { ProviderHealthCheck } from '../provider-health-check.ts';
import { id } from './identifiers.ts';
import { rotationId } from './rotation-container.ts';

/** The container's entries for the log and the provider health checks. */
export const loggingId = {
  log: Symbol('log') as ServiceIdentifier<EventLog>,
  status: Symbol('status') as ServiceIdentifier<CachedStatus>,
  recentEvents: Symbol('recentEvents') as ServiceIdentifier<RecentEvents>,
  credentials: Symbol('credentials') as ServiceIdentifier<CredentialWatch>,
  accessReload: Symbol('accessReload') as ServiceIdentifier<AccessReload>,
  healthCheck: Symbol('inquiry') as ServiceIdentifier<ProviderHealthCheck>,
  /** Receives the events for the log and the event list. */
  eventLog: Symbol('eventLog') as ServiceIdentifier<EventDeduplicator>,
};

/**
 * Adds the log and the provider health checks, with or without monitoring. Needs the rotation; imported after the
 * socket listens.
 */
export function addLogging(container: Container): void {
  container
    .bind(loggingId.log)
    .toResolvedValue(({ logging }) => createLogger(logging, { catalog: eventCatalog }), [id.configuration]);
  container
    .bind(loggingId.status)
    .toResolvedValue(
      (clock, rotation) => new CachedStatus(clock, () => rotation.status()),
      [id.clock, rotationId.rotation],
    );
  container.bind(loggingId.healthCheck).toResolvedValue(
    ({ providers }, directory, labels, readiness, status, clock, events) =>
      new ProviderHealthCheck({
        names: namesOf(providers),
        findProvider: directory.find,
        labels,
        readiness,
        status: () => status.now(),
        clock,
        events,
      }),
    [id.configuration, id.providers, id.labels, id.readiness, loggingId.status, id.clock, id.events],
  );
  container
    .bind(loggingId.credentials)
    .toResolvedValue(
      ({ credentials }, events) => new CredentialWatch(credentials, events),
      [id.configuration, id.events],
    );
  container
    .bind(loggingId.accessReload)
    .toResolvedValue(
      ({ access: { path }, providers }, access, events) =>
        new AccessReload({ path, readFile: readRegularFile, providers, access, events }),
      [id.configuration, id.access, id.events],
    );
  // Numbers increase across restarts, so that a client can continue after the last event that it saw.
  container
    .bind(loggingId.recentEvents)
    .toResolvedValue(
      (clock, events) => new RecentEvents(events, { firstId: clock.now() * 1_000 }),
      [id.clock, id.events],
    );
  container.bind(loggingId.eventLog).toResolvedValue(
    ({ log }, recentEvents, clock, events) => {
      const readers = new Listeners<[Timed<NamedEvent>]>(events);
      readers.add('log', log);
      readers.add('list of events', (event) => recentEvents.observe(event));
      return new EventDeduplicator(clock, eventCatalog, (event) => readers.notify(event));
    },
    [loggingId.log, loggingId.recentEvents, id.clock, id.events],
  );
}
