import type { ProviderSummary, Stats } from '@vault-swarm/metrics';
import type { ProductEvent, TimedEvent } from '@vault-swarm/provider';
import {
  condition,
  type ManagerStatus,
  type RotationStatus,
  type SecretStatus,
  type ServiceStatus,
} from '@vault-swarm/rotation';
import { createPrometheusExposition, type PrometheusOptions } from '../exposition.ts';

/** The figures of a plugin that has just started. */
export const nothingYet: Stats = {
  runtime: {
    operationsInFlight: 0,
    allocBytes: 0,
    sysBytes: 0,
    heapBytes: 0,
    gcCycles: 0,
    gcPauseTotalMs: 0,
    lastGcAtMs: null,
    eventLoopLagMs: 0,
  },
  rotations: 0,
  rotationErrors: 0,
  tickerHealthy: true,
  heartbeatAtMs: null,
  startedAtMs: 1_700_000_000_000,
  uptimeMs: 0,
};

/** A rotation that has seen nothing. */
export const nothingSeen: RotationStatus = {
  enabled: true,
  role: null,
  lockdown: null,
  observedAtMs: null,
  secrets: [],
  services: [],
  leases: { sets: [], maxSets: 2_000, endingTooSoon: new Set() },
  problems: [],
};

/** A provider that nobody asked. */
export const unused: ProviderSummary = {
  name: 'vault',
  state: 'unused',
  sinceMs: 0,
  lastError: null,
  requests: 0,
  errors: 0,
  lastAnswerAtMs: null,
  loggedInAtMs: null,
  loginExpiresAtMs: null,
  loginProblem: null,
  p50Ms: null,
  p99Ms: null,
};

/** A secret that is well. */
export function secret(name: string, changes: Partial<SecretStatus> = {}): SecretStatus {
  return {
    name,
    provider: 'vault',
    ref: `vault secret/${name}`,
    rotate: 'auto',
    pinned: false,
    revision: '1',
    changedAtMs: 1_700_000_000_000,
    services: ['web'],
    problem: null,
    ...changes,
  };
}

/** A service that is well. */
export function service(name: string, changes: Partial<ServiceStatus> = {}): ServiceStatus {
  return {
    id: name,
    name,
    state: condition('current', ''),
    secrets: ['db'],
    undeliverableSecrets: [],
    runningTasks: 2,
    desiredTasks: 2,
    outdatedTasks: 0,
    taskRevisions: [],
    rollout: null,
    quarantine: null,
    lastRotationAtMs: null,
    waitingReason: null,
    problem: null,
    ...changes,
  };
}

/** What a test changes of what the exposition is read from. */
export interface Sources {
  figures: Stats;
  held: ReturnType<PrometheusOptions['held']>;
  status: RotationStatus;
  managers: readonly ManagerStatus[];
  providers: readonly ProviderSummary[];
  ledger: ReturnType<PrometheusOptions['ledger']>;
  costs: ReturnType<PrometheusOptions['requestsPerMonth']>;
  counters: PrometheusOptions['counters'];
}

/** An exposition, and what it is read from. */
export function setUpExposition(changes: Partial<Sources> = {}) {
  const sources: Sources = {
    figures: nothingYet,
    held: { values: 0, bytes: 0, evicted: 0 },
    status: nothingSeen,
    managers: [],
    providers: [unused],
    ledger: { bytes: null, limitBytes: 1_500_000 },
    costs: new Map(),
    counters: [],
    ...changes,
  };
  const exposition = createPrometheusExposition({
    providers: ['vault', 'file'],
    counters: sources.counters,
    facts: { version: '1.2.3', rotationIntervalMs: 10_000, getSecretDeadlineMs: 2_000 },
    figures: () => sources.figures,
    held: () => sources.held,
    status: () => sources.status,
    managers: () => sources.managers,
    providerSummaries: () => sources.providers,
    ledger: () => sources.ledger,
    requestsPerMonth: () => sources.costs,
  });
  const happen = (event: ProductEvent, atMs = 1_700_000_000_000) =>
    exposition.observe({ ...event, atMs } as TimedEvent);
  return { sources, exposition, happen, scrape: async (accept?: string) => parse(await exposition.render(accept)) };
}

/** Reads an exposition strictly: each line is a HELP, a TYPE, or a sample of the family that was declared last. */
function parse(text: string) {
  const types: Record<string, string> = {};
  const samples: Record<string, number> = {};
  let family = '';
  for (const line of text.split('\n')) {
    if (line === '' || line === '# EOF') continue;
    const [, help] = /^# HELP ([a-z_]+) [^"\\]+$/.exec(line) ?? [];
    const [, typed, type] = /^# TYPE ([a-z_]+) (counter|gauge|histogram)$/.exec(line) ?? [];
    const [, sample, value] = /^([a-z_]+(?:\{(?:[a-z]+="[^"\\]*",?)+\})?) (\S+)$/.exec(line) ?? [];
    if (help !== undefined) family = help;
    else if (typed !== undefined && typed === family) types[typed] = type ?? '';
    else if (sample?.startsWith(family) && !(sample in samples)) samples[sample] = Number(value);
    else throw new Error(`unexpected line: ${line}`);
  }
  return { types, samples };
}
