import { type IncomingHttpHeaders, request as requestPlainly } from 'node:http';
import { request as requestOverTls } from 'node:https';
import { fileURLToPath } from 'node:url';
import type { Clock } from '@vault-swarm/kernel';
import {
  coreEvents,
  DeliveryStats,
  EventCatalog,
  History,
  ProviderStats,
  RecentEvents,
  type Stats,
} from '@vault-swarm/metrics';
import { Credential, type ProductEvent, type TimedEvent } from '@vault-swarm/provider';
import { condition, type RotationStatus, type ServiceStatus } from '@vault-swarm/rotation';
import type { MonitoringConfig } from '../config.ts';
import type { HookConfig } from '../hooks/hook-config.ts';
import { type MonitoringEvent, monitoringEvents } from '../monitoring-events.ts';
import { createMonitoringServer, type MonitoringServer, type MonitoringServerOptions } from '../server.ts';
import type { MonitoringSources } from '../sources.ts';
import type { CertificateSource } from '../tls/certificate-reloader.ts';

/** The moment at which every test plays. */
export const NOW_MS = Date.UTC(2026, 2, 1, 12, 0, 0);

/** A name that would run, if it were taken for HTML. */
export const HOSTILE_NAME = '<script>alert("1")</script>';

/** What the tests' plugin measured. */
export const figures: Stats = {
  runtime: {
    operationsInFlight: 12,
    allocBytes: 47_710_208,
    sysBytes: 90_000_000,
    heapBytes: 60_000_000,
    gcCycles: 7,
    gcPauseTotalMs: 12.5,
    lastGcAtMs: null,
    eventLoopLagMs: 0,
  },
  rotations: 42,
  rotationErrors: 2,
  tickerHealthy: true,
  heartbeatAtMs: NOW_MS - 5_000,
  startedAtMs: NOW_MS - 3_600_000,
  uptimeMs: 3_600_000,
};

/** What its rotation knows: one secret, one service in the middle of a rollout. */
export const status: RotationStatus = {
  enabled: true,
  role: 'leader',
  lockdown: null,
  observedAtMs: NOW_MS - 2_000,
  secrets: [
    {
      name: 'db-password',
      provider: 'vault',
      ref: 'vault secret/app/db#password',
      rotate: 'auto',
      pinned: false,
      revision: '7',
      changedAtMs: NOW_MS - 60_000,
      services: ['web', HOSTILE_NAME],
      problem: null,
    },
  ],
  leases: {
    maxSets: 2_000,
    endingTooSoon: new Set(),
    sets: [
      {
        ...{ id: '3-4fzyo82mvyr', service: 'web', generation: 3, provider: 'vault', ref: 'vault database/creds/shop' },
        ...{ secrets: ['db-password'], tasks: 2, state: 'active', holder: 'token', renewable: true, problem: null },
        issuedAtMs: NOW_MS - 7_200_000,
        renewedAtMs: NOW_MS - 600_000,
        expiresAtMs: NOW_MS + 3_000_000,
        endsAtMs: NOW_MS + 86_400_000,
        rollsAtMs: NOW_MS + 57_600_000,
      },
    ],
  },
  services: [
    {
      id: 'svc1',
      name: 'web',
      state: condition('rolling', '1 of 3 tasks done'),
      secrets: ['db-password'],
      undeliverableSecrets: [],
      runningTasks: 3,
      desiredTasks: 3,
      outdatedTasks: 2,
      taskRevisions: [
        {
          secret: 'db-password',
          providerRevision: '7',
          heldBackRevision: null,
          revisions: [
            { revision: '6', tasks: 2, state: 'outdated' },
            { revision: '7', tasks: 1, state: 'current' },
          ],
        },
      ],
      rollout: {
        generation: 8,
        secrets: ['db-password'],
        cause: [
          {
            ...{ secret: 'db-password', from: '6', to: '7', noticedBy: 'hook', hook: 'audit' },
            noticedAtMs: NOW_MS - 10_000,
          },
        ],
        startedAtMs: NOW_MS - 9_000,
        direction: 'forward',
        state: 'rolling',
        tasksDone: 1,
        tasksTotal: 3,
      },
      quarantine: null,
      lastRotationAtMs: null,
      waitingReason: null,
      problem: null,
    },
  ],
  problems: [],
};

/** Two values that made tasks fail 3 min ago. */
export const QUARANTINE: NonNullable<ServiceStatus['quarantine']> = {
  secrets: ['db-password', HOSTILE_NAME],
  sinceMs: NOW_MS - 180_000,
  reason: 'exit code 1',
};

const events: readonly TimedEvent[] = [
  { type: 'rollout.started', service: 'web', secrets: ['db-password'], generation: 8, atMs: NOW_MS - 9_000 },
  { type: 'reconcile.completed', durationMs: 4, orchestratorAnswered: true, atMs: NOW_MS - 5_000 },
  { type: 'provider.failed', provider: 'vault', code: 'UNAVAILABLE', message: HOSTILE_NAME, atMs: NOW_MS - 1_000 },
];

/** A monitoring server on a free port of this machine, and what it emitted. */
export interface Fixture {
  readonly server: MonitoringServer;
  readonly emitted: readonly (ProductEvent | MonitoringEvent)[];
  ask(path: string, options?: AskOptions): Promise<Answer>;
}

/** A request; by default GET, with the host that was connected to. */
export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Its answer. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What can be configured of it. */
export interface FixtureConfig {
  readonly host?: string;
  readonly port?: number;
  /** Read at each request, as a token's file is. */
  readonly token?: string | (() => string);
  readonly viewToken?: string | (() => string);
  readonly allowAnonymous?: boolean;
  readonly allowedHosts?: readonly string[];
  readonly tls?: CertificateSource;
  readonly hooks?: readonly HookConfig[];
}

/** Makes one; it listens. Parts of its configuration and sources can be replaced. */
export async function startFixture(
  config: FixtureConfig = {},
  sources: Partial<MonitoringSources> = {},
  clock: Partial<Clock> = {},
): Promise<Fixture> {
  const emitted: (ProductEvent | MonitoringEvent)[] = [];
  const server = createFixtureServer(config, sources, emitted, clock);
  const address = await server.listen();
  return { server, emitted, ask: (path, options) => ask(`${address}${path}`, options) };
}

/** The same, not listening yet. */
export function createFixtureServer(...given: Parameters<typeof fixtureOptions>): MonitoringServer {
  return createMonitoringServer(fixtureOptions(...given));
}

/** What it is made of. */
export function fixtureOptions(
  { token, viewToken, hooks = [], ...given }: FixtureConfig,
  sources: Partial<MonitoringSources> = {},
  emitted: (ProductEvent | MonitoringEvent)[] = [],
  changedClock: Partial<Clock> = {},
): MonitoringServerOptions {
  const clock: Clock = { now: () => NOW_MS, monotonic: () => 0, after: () => () => {}, ...changedClock };
  const recentEvents = new RecentEvents({ emit: (event) => emitted.push(event) });
  for (const event of events) recentEvents.observe(event);
  const config: MonitoringConfig = {
    enabled: true,
    host: '127.0.0.1',
    port: 0,
    token: credential('MONITORING_TOKEN', token),
    viewToken: credential('MONITORING_VIEW_TOKEN', viewToken),
    allowAnonymous: false,
    allowedHosts: [],
    tls: undefined,
    ...given,
  };
  return {
    dashboardDirectory: fileURLToPath(new URL('./dashboard', import.meta.url)),
    config,
    hooks,
    clock,
    events: { emit: (event) => emitted.push(event) },
    sources: {
      pluginName: 'vault-secrets-plugin',
      version: '1.2.3',
      intervalMs: 10_000,
      warnings: [],
      figures: () => figures,
      deliveries: () => new DeliveryStats(clock).summary(),
      held: () => ({ values: 2, bytes: 40 }),
      providers: () => new ProviderStats(clock, ['vault']).summaries().map((each) => ({ ...each, kind: 'vault' })),
      history: () =>
        new History(clock, { providers: ['vault'], stats: () => figures, outdatedTasks: () => 0 }).report(),
      status: () => status,
      problems: () => [],
      managers: () => [],
      secretChecks: { check: () => Promise.reject(new Error('not checked here')) },
      manualRotation: { rotate: async () => [], preview: async () => [] },
      hints: { hint: () => undefined },
      lockdowns: { lockdown: async () => null },
      recentEvents,
      eventCatalog: new EventCatalog(coreEvents('Docker'), monitoringEvents),
      prometheus: { contentType: (accept) => `text/plain; version=0.0.4; for=${accept}`, render: async () => 'up 1\n' },
      live: () => true,
      waitingFor: () => [],
      ...sources,
    },
  };
}

function credential(variable: string, token: string | (() => string) | undefined): Credential | undefined {
  return token === undefined ? undefined : new Credential(variable, typeof token === 'string' ? () => token : token);
}

/** One request on a connection of its own, with exactly these headers. */
export function ask(url: string, { method = 'GET', headers = {}, body = '' }: AskOptions = {}): Promise<Answer> {
  const request = url.startsWith('https:') ? requestOverTls : requestPlainly;
  return new Promise((resolve, reject) => {
    const options = { method, headers, agent: false, rejectUnauthorized: false };
    const sent = request(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        });
      });
    });
    sent.on('error', reject).end(body);
  });
}
