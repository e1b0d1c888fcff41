export {
  describeEvent,
  type EventRecord,
  eventRecord,
  type Severity,
  severities,
  severityOf,
} from './event-description.ts';
export { Heartbeat } from './heartbeat.ts';
export { RecentEvents } from './recent-events.ts';
export { RepeatedEvents } from './repeated-events.ts';
export { type Figures, type HealthReport, healthReport, type MetricsReport, metricsReport } from './reports.ts';
export { errorRate, RotationCounters } from './rotation-counters.ts';
export type { RuntimeFigures, RuntimeProbe } from './runtime.ts';
export { Vitals } from './vitals.ts';
