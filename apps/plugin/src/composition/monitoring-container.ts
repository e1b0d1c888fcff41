import { fileURLToPath } from 'node:url';
import { kmsDecryption, kmsName } from '@vault-swarm/aws/config';
import { SecretCheck } from '@vault-swarm/delivery';
import { displayName, dockerAdvice } from '@vault-swarm/docker/config';
import { createMonitoringServer, type MonitoringServer } from '@vault-swarm/http';
import { createRuntimeProbe } from '@vault-swarm/http/runtime';
import {
  type DatedProblem,
  DeliveryStats,
  History,
  knownProblems,
  ProblemAges,
  ProcessStats,
  ProviderStats,
  type ProviderSummary,
  RequestCosts,
} from '@vault-swarm/metrics';
import { createPrometheusExposition, type PrometheusExposition } from '@vault-swarm/prometheus';
import {
  type ConfigurationWarning,
  type IneffectiveRule,
  type RequestPrice,
  rankedProblems,
} from '@vault-swarm/provider';
import type { Container, ServiceIdentifier } from 'inversify';
import { type ConfiguredProvider, namesOf } from '../configured-providers.ts';
import type { DecryptionSettings } from '../decryption.ts';
import { eventCatalog, eventCounters } from '../plugin-events.ts';
import { VERSION } from '../version.ts';
import { id } from './identifiers.ts';
import { loggingId } from './logging-container.ts';
import { provide } from './provide.ts';
import { rotationId } from './rotation-container.ts';

/** The container's entries for monitoring. */
export const monitoringId = {
  processStats: Symbol('vitals') as ServiceIdentifier<ProcessStats>,
  deliveries: Symbol('deliveries') as ServiceIdentifier<DeliveryStats>,
  providers: Symbol('providers') as ServiceIdentifier<ProviderStats>,
  costs: Symbol('costs') as ServiceIdentifier<RequestCosts>,
  history: Symbol('history') as ServiceIdentifier<History>,
  /** All current problems. */
  problems: Symbol('problems') as ServiceIdentifier<() => readonly DatedProblem[]>,
  prometheus: Symbol('prometheus') as ServiceIdentifier<PrometheusExposition>,
  server: Symbol('server') as ServiceIdentifier<MonitoringServer>,
};

// The directory into which build.mjs writes it, relative to the chunk with this file.
const builtDashboard = fileURLToPath(new URL('../static', import.meta.url));

/** Adds the figures and the monitoring port. Needs the rotation and the log; imported only if monitoring is enabled. */
export function addMonitoring(container: Container, dashboardDirectory = builtDashboard): void {
  provide(
    container,
    monitoringId.processStats,
    { configuration: id.configuration, clock: id.clock },
    ({
      configuration: {
        rotation: { intervalMs, enabled },
      },
      clock,
    }) => new ProcessStats(clock, createRuntimeProbe(), { intervalMs, rotationEnabled: enabled }),
  );
  provide(container, monitoringId.deliveries, { clock: id.clock }, ({ clock }) => new DeliveryStats(clock));
  provide(
    container,
    monitoringId.providers,
    { configuration: id.configuration, clock: id.clock },
    ({ configuration: { providers }, clock }) => new ProviderStats(clock, namesOf(providers)),
  );
  provide(
    container,
    monitoringId.costs,
    { configuration: id.configuration, clock: id.clock },
    ({ configuration: { providers, decryption }, clock }) => new RequestCosts(clock, pricesOf(providers, decryption)),
  );
  provide(
    container,
    monitoringId.problems,
    {
      clock: id.clock,
      status: loggingId.status,
      providers: monitoringId.providers,
      processStats: monitoringId.processStats,
      credentials: loggingId.credentials,
      policyReload: loggingId.policyReload,
      managers: rotationId.managers,
    },
    ({ clock, status, providers, processStats, credentials, policyReload, managers }) => {
      const ages = new ProblemAges();
      return () => {
        const known = knownProblems({
          rotation: status.now().problems,
          providers: providers.summaries(),
          tickerHealthy: processStats.stats().tickerHealthy,
          orchestrator: { orchestrator: displayName, advice: dockerAdvice },
        });
        // A ledger that another key signed says the same, and matters more.
        const isSaid = known.some((each) => each.code === 'LEDGER_UNTRUSTED');
        const ofManagers = managers.problems().filter(({ code }) => !(isSaid && code === 'LEDGER_KEYS_DIFFER'));
        return ages.date(
          rankedProblems([...known, ...credentials.problems(), ...policyReload.problems(), ...ofManagers]),
          clock.now(),
        );
      };
    },
  );
  provide(
    container,
    monitoringId.history,
    {
      configuration: id.configuration,
      clock: id.clock,
      processStats: monitoringId.processStats,
      status: loggingId.status,
    },
    ({ configuration: { providers }, clock, processStats, status }) =>
      new History(clock, {
        providers: namesOf(providers),
        stats: () => processStats.stats(),
        outdatedTasks: () => status.now().services.reduce((sum, { outdatedTasks }) => sum + outdatedTasks, 0),
      }),
  );
  provide(
    container,
    monitoringId.prometheus,
    {
      configuration: id.configuration,
      processStats: monitoringId.processStats,
      delivery: id.delivery,
      status: loggingId.status,
      ledger: rotationId.ledger,
      managers: rotationId.managers,
      problems: monitoringId.problems,
      figures: monitoringId.providers,
      costs: monitoringId.costs,
    },
    ({
      configuration: {
        providers,
        rotation: { intervalMs },
        delivery: { deadlineMs },
      },
      processStats,
      delivery,
      status,
      ledger,
      managers,
      problems,
      figures,
      costs,
    }) =>
      createPrometheusExposition({
        providers: namesOf(providers),
        counters: eventCounters,
        facts: { version: VERSION, rotationIntervalMs: intervalMs, getSecretDeadlineMs: deadlineMs },
        figures: () => processStats.stats(),
        held: () => delivery.held,
        status: () => ({ ...status.now(), problems: problems() }),
        managers: () => managers.statuses(),
        providerSummaries: () => figures.summaries(),
        ledger: () => ledger.size,
        requestsPerMonth: () => costs.perMonth(),
      }),
  );
  provide(
    container,
    monitoringId.server,
    {
      configuration: id.configuration,
      clock: id.clock,
      events: id.events,
      rotation: rotationId.rotation,
      status: loggingId.status,
      problems: monitoringId.problems,
      delivery: id.delivery,
      processStats: monitoringId.processStats,
      deliveries: monitoringId.deliveries,
      providers: monitoringId.providers,
      history: monitoringId.history,
      recentEvents: loggingId.recentEvents,
      prometheus: monitoringId.prometheus,
      readiness: id.readiness,
      driver: id.driver,
      access: id.access,
      managers: rotationId.managers,
      labels: id.labels,
      directory: id.providers,
      decryptor: id.decryptor,
    },
    ({
      configuration: {
        monitoring: config,
        pluginName,
        rotation: { intervalMs },
        providers: configured,
        warnings,
        hooks,
      },
      clock,
      events,
      rotation,
      status,
      problems,
      delivery,
      processStats,
      deliveries,
      providers,
      history,
      recentEvents,
      prometheus,
      readiness,
      driver,
      access,
      managers,
      labels,
      directory,
      decryptor,
    }) => {
      return createMonitoringServer({
        config,
        hooks,
        clock,
        events,
        dashboardDirectory,
        sources: {
          pluginName,
          version: VERSION,
          intervalMs,
          get warnings() {
            return [...warnings, ...rotation.unusedRules().map(unusedRule)];
          },
          figures: () => processStats.stats(),
          deliveries: () => deliveries.summary(),
          held: () => delivery.held,
          providers: () => withKinds(providers.summaries(), configured),
          history: () => history.report(),
          status: () => status.now(),
          problems,
          managers: () => managers.statuses(),
          secretChecks: new SecretCheck({
            labels,
            access,
            findProvider: directory.find,
            findDecryptor: decryptor.find,
            clock,
          }),
          manualRotation: rotation,
          lockdowns: rotation,
          hints: rotation,
          recentEvents,
          eventCatalog,
          prometheus,
          live: () => driver.serves,
          waitingFor: () => readiness.waitingFor,
        },
      });
    },
  );
}

function pricesOf(
  providers: readonly ConfiguredProvider[],
  { config }: DecryptionSettings,
): Readonly<Record<string, RequestPrice | null>> {
  const ofProviders = Object.fromEntries(providers.map(({ name, price }) => [name, price]));
  return config === null ? ofProviders : { ...ofProviders, [kmsName]: kmsDecryption.price };
}

/** The configured providers, each with its figures. */
function withKinds(summaries: readonly ProviderSummary[], configured: readonly ConfiguredProvider[]) {
  return configured.flatMap(({ name, kind }) => {
    const summary = summaries.find((each) => each.name === name);
    return summary === undefined ? [] : [{ ...summary, kind }];
  });
}

function unusedRule({ rule, reason }: IneffectiveRule): ConfigurationWarning {
  return {
    code: 'access-rule-unused',
    variable: 'CONFIG_FILE',
    message: `access.rules.${rule} ${reason}; correct or remove it, if you expected otherwise`,
  };
}
