import type { DeliverySummary, HistoryReport, ProviderSummary, RecentEvents, Stats } from '@vault-swarm/metrics';
import type { ConfigurationWarning, Problem } from '@vault-swarm/provider';
import type { LocksDown, ManualRotation, RotationStatus } from '@vault-swarm/rotation';

/** A configured provider, and how it does. */
export interface ProviderWithKind extends ProviderSummary {
  /** `vault`, `openbao`, `aws` or `file`. */
  readonly kind: string;
}

/**
 * What is shown, and the two things that can be asked for. What is shown is asked for again with every request, must be
 * quick, and must not throw.
 */
export interface MonitoringSources {
  readonly pluginName: string;
  readonly version: string;
  /** How often the providers are asked for changes. */
  readonly intervalMs: number;
  /** Dangerous or ignored settings. */
  readonly warnings: readonly ConfigurationWarning[];
  figures(): Stats;
  /** How requests for secrets were answered. */
  deliveries(): DeliverySummary;
  /** The values in memory. */
  held(): { readonly values: number; readonly bytes: number };
  /** How each configured provider does. */
  providers(): readonly ProviderWithKind[];
  /** The last hour. */
  history(): HistoryReport;
  /** The very same object while nothing changed, since lists are made of it. */
  status(): RotationStatus;
  /** All that is wrong now, the rotation's problems included. */
  problems(): readonly Problem[];
  readonly manualRotation: ManualRotation;
  readonly lockdowns: LocksDown;
  readonly recentEvents: Pick<RecentEvents, 'list' | 'subscribe'>;
  readonly prometheus: {
    contentType(accept: string | undefined): string;
    render(accept: string | undefined): Promise<string>;
  };
  /** Whether the driver's socket is served. */
  live(): boolean;
  /** What has not answered yet since the start, such as `Docker` or `a provider`; empty when all has. */
  waitingFor(): readonly string[];
}
