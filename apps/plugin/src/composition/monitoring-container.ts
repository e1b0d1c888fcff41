import { fileURLToPath } from 'node:url';
import { createMonitoringServer, type MonitoringServer } from '@vault-swarm/http';
import { createRuntimeProbe } from '@vault-swarm/http/runtime';
import { createLogger, type EventLog } from '@vault-swarm/logging';
import {
  DeliveryFigures,
  History,
  knownProblems,
  ProviderFigures,
  type ProviderSummary,
  RecentEvents,
  RepeatedEvents,
  RequestCosts,
  Vitals,
} from '@vault-swarm/metrics';
import { createPrometheusExposition, type PrometheusExposition } from '@vault-swarm/prometheus';
import { Listeners, type Problem, type RequestPrice, type TimedEvent } from '@vault-swarm/provider';
import type { Container, ServiceIdentifier } from 'inversify';
import type { ConfiguredProvider } from '../configured-providers.ts';
import { CredentialWatch } from '../credential-watch.ts';
import { ProviderInquiry } from '../provider-inquiry.ts';
import { RecentStatus } from '../recent-status.ts';
import { VERSION } from '../version.ts';
import { id } from './identifiers.ts';
import { rotationId } from './rotation-container.ts';

/** What monitoring adds to the container. */
export const monitoringId = {
  log: Symbol('log') as ServiceIdentifier<EventLog>,
  vitals: Symbol('vitals') as ServiceIdentifier<Vitals>,
  deliveries: Symbol('deliveries') as ServiceIdentifier<DeliveryFigures>,
  providers: Symbol('providers') as ServiceIdentifier<ProviderFigures>,
  costs: Symbol('costs') as ServiceIdentifier<RequestCosts>,
  history: Symbol('history') as ServiceIdentifier<History>,
  status: Symbol('status') as ServiceIdentifier<RecentStatus>,
  recentEvents: Symbol('recentEvents') as ServiceIdentifier<RecentEvents>,
  /** All that is wrong now. */
  problems: Symbol('problems') as ServiceIdentifier<() => readonly Problem[]>,
  credentials: Symbol('credentials') as ServiceIdentifier<CredentialWatch>,
  inquiry: Symbol('inquiry') as ServiceIdentifier<ProviderInquiry>,
  /** What the log and the event list are told. */
  told: Symbol('told') as ServiceIdentifier<RepeatedEvents>,
  prometheus: Symbol('prometheus') as ServiceIdentifier<PrometheusExposition>,
  server: Symbol('server') as ServiceIdentifier<MonitoringServer>,
};

// Where build.mjs puts it, as seen from the chunk that this file becomes a part of.
const builtDashboard = fileURLToPath(new URL('../static', import.meta.url));

/** Adds the log, the figures and the monitoring port. Needs the rotation; imported after the socket listens. */
export function addMonitoring(container: Container, dashboardDirectory = builtDashboard): void {
  container.bind(monitoringId.log).toResolvedValue(({ logging }) => createLogger(logging), [id.configuration]);
  container
    .bind(monitoringId.vitals)
    .toResolvedValue(
      ({ rotation: { intervalMs, enabled } }, clock) =>
        new Vitals(clock, createRuntimeProbe(), { intervalMs, rotationEnabled: enabled }),
      [id.configuration, id.clock],
    );
  container.bind(monitoringId.deliveries).toResolvedValue((clock) => new DeliveryFigures(clock), [id.clock]);
  container
    .bind(monitoringId.providers)
    .toResolvedValue(
      ({ providers }, clock) => new ProviderFigures(clock, namesOf(providers)),
      [id.configuration, id.clock],
    );
  container
    .bind(monitoringId.costs)
    .toResolvedValue(
      ({ providers }, clock) => new RequestCosts(clock, pricesOf(providers)),
      [id.configuration, id.clock],
    );
  container
    .bind(monitoringId.status)
    .toResolvedValue(
      (clock, rotation) => new RecentStatus(clock, () => rotation.status()),
      [id.clock, rotationId.rotation],
    );
  container.bind(monitoringId.inquiry).toResolvedValue(
    ({ providers }, directory, labels, readiness, status, clock, events) =>
      new ProviderInquiry({
        names: namesOf(providers),
        findProvider: directory.find,
        labels,
        readiness,
        status: () => status.now(),
        clock,
        events,
      }),
    [id.configuration, id.providers, id.labels, id.readiness, monitoringId.status, id.clock, id.events],
  );
  container
    .bind(monitoringId.credentials)
    .toResolvedValue(
      ({ credentials }, events) => new CredentialWatch(credentials, events),
      [id.configuration, id.events],
    );
  container.bind(monitoringId.problems).toResolvedValue(
    (status, providers, vitals, credentials) => () => [
      ...knownProblems({
        rotation: status.now().problems,
        providers: providers.summaries(),
        tickerHealthy: vitals.figures().tickerHealthy,
      }),
      ...credentials.problems(),
    ],
    [monitoringId.status, monitoringId.providers, monitoringId.vitals, monitoringId.credentials],
  );
  container.bind(monitoringId.history).toResolvedValue(
    ({ providers }, clock, vitals, status) =>
      new History(clock, {
        providers: namesOf(providers),
        figures: () => vitals.figures(),
        outdatedTasks: () => status.now().services.reduce((sum, { outdatedTasks }) => sum + outdatedTasks, 0),
      }),
    [id.configuration, id.clock, monitoringId.vitals, monitoringId.status],
  );
  // A later process begins with greater numbers, so that a reader can go on from the last one that it saw.
  container
    .bind(monitoringId.recentEvents)
    .toResolvedValue(
      (clock, events) => new RecentEvents(events, { firstId: clock.now() * 1_000 }),
      [id.clock, id.events],
    );
  container.bind(monitoringId.told).toResolvedValue(
    ({ log }, recentEvents, clock, events) => {
      const readers = new Listeners<[TimedEvent]>(events);
      readers.add('log', log);
      readers.add('list of events', (event) => recentEvents.observe(event));
      return new RepeatedEvents(clock, (event) => readers.notify(event));
    },
    [monitoringId.log, monitoringId.recentEvents, id.clock, id.events],
  );
  container.bind(monitoringId.prometheus).toResolvedValue(
    (
      { providers, rotation: { intervalMs }, delivery: { deadlineMs } },
      vitals,
      delivery,
      status,
      ledger,
      problems,
      figures,
      costs,
    ) =>
      createPrometheusExposition({
        providers: namesOf(providers),
        facts: { version: VERSION, rotationIntervalMs: intervalMs, getSecretDeadlineMs: deadlineMs },
        figures: () => vitals.figures(),
        held: () => delivery.held,
        status: () => ({ ...status.now(), problems: problems() }),
        providerSummaries: () => figures.summaries(),
        ledger: () => ledger.size,
        requestsPerMonth: () => costs.perMonth(),
      }),
    [
      id.configuration,
      monitoringId.vitals,
      id.delivery,
      monitoringId.status,
      rotationId.ledger,
      monitoringId.problems,
      monitoringId.providers,
      monitoringId.costs,
    ],
  );
  container.bind(monitoringId.server).toResolvedValue(
    (
      { monitoring: config, pluginName, rotation: { intervalMs }, providers: configured, warnings },
      clock,
      events,
      rotation,
      status,
      problems,
      delivery,
      vitals,
      deliveries,
      providers,
      history,
      recentEvents,
      prometheus,
      readiness,
      driver,
    ) =>
      createMonitoringServer({
        config,
        clock,
        events,
        dashboardDirectory,
        sources: {
          pluginName,
          version: VERSION,
          intervalMs,
          warnings,
          figures: () => vitals.figures(),
          deliveries: () => deliveries.summary(),
          held: () => delivery.held,
          providers: () => withKinds(providers.summaries(), configured),
          history: () => history.report(),
          status: () => status.now(),
          problems,
          rotateByHand: rotation,
          lockdowns: rotation,
          recentEvents,
          prometheus,
          live: () => driver.serves,
          waitingFor: () => readiness.waitingFor,
        },
      }),
    [
      id.configuration,
      id.clock,
      id.events,
      rotationId.rotation,
      monitoringId.status,
      monitoringId.problems,
      id.delivery,
      monitoringId.vitals,
      monitoringId.deliveries,
      monitoringId.providers,
      monitoringId.history,
      monitoringId.recentEvents,
      monitoringId.prometheus,
      id.readiness,
      id.driver,
    ],
  );
}

function pricesOf(providers: readonly ConfiguredProvider[]): Readonly<Record<string, RequestPrice | null>> {
  return Object.fromEntries(providers.map(({ name, price }) => [name, price]));
}

/** The configured ones, each of which has its figures. */
function withKinds(summaries: readonly ProviderSummary[], configured: readonly ConfiguredProvider[]) {
  return configured.flatMap(({ name, kind }) => {
    const summary = summaries.find((each) => each.name === name);
    return summary === undefined ? [] : [{ ...summary, kind }];
  });
}

function namesOf(providers: readonly { readonly name: string }[]): readonly string[] {
  return providers.map(({ name }) => name);
}
