import type {
  DatedProblem,
  DeliverySummary,
  EventCatalog,
  HistoryReport,
  ProviderSummary,
  RecentEvents,
  Stats,
} from '@vault-swarm/metrics';
import type { ChecksSecrets, ConfigurationWarning } from '@vault-swarm/provider';
import type { AcceptsHints, LocksDown, ManagerStatus, ManualRotation, RotationStatus } from '@vault-swarm/rotation';

/** A configured provider and its state. */
export interface ProviderWithKind extends ProviderSummary {
  /** `vault`, `aws`, `azure` or another kind. */
  readonly kind: string;
}

/**
 * The data that monitoring shows, and the requests that it can make. The data is read for every request, so reading
 * must be fast and must not throw.
 */
export interface MonitoringSources {
  readonly pluginName: string;
  readonly version: string;
  /** The interval of polling the providers. */
  readonly intervalMs: number;
  /** Dangerous or ignored settings. */
  readonly warnings: readonly ConfigurationWarning[];
  figures(): Stats;
  /** The results of requests for secrets. */
  deliveries(): DeliverySummary;
  /** The values in the cache. */
  held(): { readonly values: number; readonly bytes: number };
  /** The state of each configured provider. */
  providers(): readonly ProviderWithKind[];
  /** The last hour. */
  history(): HistoryReport;
  /** The identical object while nothing changed, because lists are cached by it. */
  status(): RotationStatus;
  /** All current problems, including the rotation's, worst first. */
  problems(): readonly DatedProblem[];
  /** The managers of the cluster and their plugins, by name; empty while they are not known. */
  managers(): readonly ManagerStatus[];
  /** Checks secrets before they are created. */
  readonly secretChecks: ChecksSecrets;
  readonly manualRotation: ManualRotation;
  readonly lockdowns: LocksDown;
  /** Receives the hints of hooks. */
  readonly hints: AcceptsHints;
  readonly recentEvents: Pick<RecentEvents, 'list' | 'subscribe'>;
  /** The descriptions of the events. */
  readonly eventCatalog: EventCatalog;
  readonly prometheus: {
    contentType(accept: string | undefined): string;
    render(accept: string | undefined): Promise<string>;
  };
  /** Whether the driver's socket is served. */
  live(): boolean;
  /** What has not answered since the start, such as `Docker` or `a provider`; empty if all has. */
  waitingFor(): readonly string[];
}
