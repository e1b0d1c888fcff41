import { displayName } from '@vault-swarm/docker/config';
import { hookRequests, type MonitoringEvent, monitoringEvents } from '@vault-swarm/http/config';
import type { EventDescriptions, Timed } from '@vault-swarm/kernel';
import { coreEvents, EventCatalog } from '@vault-swarm/metrics';
import type { ProductEvent } from '@vault-swarm/provider';
import { type DriverEvent, driverEvents } from '@vault-swarm/swarm-driver';
import { type NotificationEvent, notificationEvents, notificationsSent } from './notifications/notification-events.ts';

/** The process ends. */
interface Stopping {
  readonly type: 'plugin.stopping';
  readonly signal: string;
}

/** Every event of the plugin: core's, those of the adapters, and its own. */
export type PluginEvent = ProductEvent | DriverEvent | MonitoringEvent | NotificationEvent | Stopping;

/** A {@link PluginEvent} with the time at which it was emitted. */
export type TimedPluginEvent = Timed<PluginEvent>;

const descriptions: EventDescriptions<PluginEvent> = {
  ...coreEvents(displayName),
  ...driverEvents,
  ...monitoringEvents,
  ...notificationEvents,
  'plugin.stopping': { severity: 'info', sentence: ({ signal }) => `stopping on ${signal}` },
};

/** The metrics of events that are not core's. */
export const eventCounters = [hookRequests, notificationsSent] as const;

/** The descriptions of all events of the plugin. */
export const eventCatalog = new EventCatalog(descriptions);
