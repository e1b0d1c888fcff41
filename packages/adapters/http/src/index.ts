export { createMonitoringServer, type MonitoringServer, type MonitoringServerOptions } from './server.ts';
export type { MonitoringSources } from './sources.ts';
