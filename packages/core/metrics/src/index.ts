export { coreEvents } from './core-events.ts';
export { type DeliveryCounts, DeliveryStats, type DeliverySummary } from './delivery-stats.ts';
export { EventCatalog, type EventRecord } from './event-catalog.ts';
export { EventDeduplicator } from './event-deduplicator.ts';
export { type HealthSummary, healthSummary, type SummarisedService, type SummaryFacts } from './health-summary.ts';
export { History, type HistoryReport, type HistorySources } from './history.ts';
export { knownProblems, type ProblemSources } from './known-problems.ts';
export { type DatedProblem, ProblemAges } from './problem-ages.ts';
export { ProcessStats } from './process-stats.ts';
export { type ProviderState, ProviderStats, type ProviderSummary } from './provider-stats.ts';
export { Readiness } from './readiness.ts';
export {
  type NumberedEvent,
  RecentEvents,
  type RecentEventsOptions,
  type RecentEventsQuery,
  rotationEnds,
} from './recent-events.ts';
export { type HealthReport, healthReport, type MetricsReport, metricsReport, type Stats } from './reports.ts';
export { type MonthOfRequests, RequestCosts } from './request-costs.ts';
export { errorRate } from './rotation-counters.ts';
export type { RuntimeProbe, RuntimeStats } from './runtime.ts';
