import type { MonitoringServer } from '@vault-swarm/http';
import { type EventBus, errorMessage, sleep } from '@vault-swarm/kernel';
import type { CachedStatus } from '@vault-swarm/rotation';
import { createDeliveryContainer } from './composition/delivery-container.ts';
import { id } from './composition/identifiers.ts';
import type { PluginConfiguration } from './configuration.ts';
import { EventBuffer } from './event-buffer.ts';
import { IdleCollection } from './idle-collection.ts';
import type { PluginEvent, TimedPluginEvent } from './plugin-events.ts';
import { collectGarbage } from './system/heap.ts';
import { trustSystem } from './system/trusted-authorities.ts';
import { untilDone } from './until-done.ts';

/** The longest backoff of a failing provider, whatever the poll interval. */
const MAX_HEALTH_CHECK_BACKOFF_MS = 10_000;

/** How often the managers are listed, at least, whatever the poll interval. */
const MAX_MANAGERS_INTERVAL_MS = 10_000;

/** How long loading the last part waits for the answers to the first requests. */
const FIRST_ANSWERS_MS = 1_000;

/** How long to wait for the engine's handshake, which it sends as soon as the socket listens. */
const HANDSHAKE_WAIT_MS = 5;

/** Problems are dated at most this often. With thousands of services their list takes a while. */
const PROBLEM_AGES_EVERY_MS = 5_000;

/** A part that receives all events and ignores those that it does not know. */
type Observer = { observe(event: PluginEvent): void } | { observe(event: TimedPluginEvent): void };

/** Stops a part that was started. */
type Stop = (signal: AbortSignal) => Promise<void>;

/**
 * Starts and stops the plugin. The part that answers the engine starts first, because until the socket listens, the
 * whole cluster waits for each secret. Everything else is loaded later and may fail or hang without delaying
 * responses.
 */
export class Plugin {
  readonly #configuration: PluginConfiguration;
  readonly #dashboardDirectory: string | undefined;
  readonly #container: ReturnType<typeof createDeliveryContainer>;
  readonly #events: EventBus<PluginEvent>;
  readonly #early: EventBuffer;
  /** In the order of the start. */
  readonly #stops: Stop[] = [];
  readonly #stopping = new AbortController();
  /** The log is loaded late but reports on everything started before it, so it is closed last. */
  #closeLog: () => void = () => undefined;

  /** @param dashboardDirectory the directory of the dashboard's files, if it is not the build's. */
  constructor(configuration: PluginConfiguration, dashboardDirectory?: string) {
    this.#configuration = configuration;
    this.#dashboardDirectory = dashboardDirectory;
    this.#container = createDeliveryContainer(configuration);
    this.#events = this.#container.get(id.events);
    this.#early = new EventBuffer(this.#events);
  }

  /**
   * Resolves when everything runs. Requests are answered much earlier, or later if another process's socket must be
   * taken over first.
   * @throws if the socket can't be used; the message says why.
   */
  async start(): Promise<void> {
    const driver = this.#container.get(id.driver);
    const providers = this.#container.get(id.providers);
    await driver.listen();
    this.#stops.push(
      async () => this.#container.get(id.delivery).close(),
      () => providers.close(),
      () => this.#container.get(id.decryptor).close(),
      (signal) => driver.close({ signal }),
      async () => this.#closeLog(),
    );
    for (const { code, variable, message } of this.#configuration.warnings) {
      this.#events.emit({ type: 'plugin.warning', code, variable, message: `${variable}: ${message}` });
    }
    const { providers: configured, notifications } = this.#configuration;
    if (notifications.length > 0 || configured.some(({ usesTls }) => usesTls))
      trustSystem(this.#configuration.systemAuthorities);
    // Loading blocks the process. The engine's handshake needs no further part and arrives at once.
    await sleep(this.#container.get(id.clock), HANDSHAKE_WAIT_MS, this.#stopping.signal).catch(() => {});
    // Requests need the providers and the rotation. Loading the rotation overlaps with the providers' servers
    // answering.
    await providers.load();
    await new Promise((resolve) => setImmediate(resolve));
    await this.#startRotation();
    await this.#container.get(id.answers).settled(FIRST_ANSWERS_MS);
    await this.#startObservers();
  }

  /** Reports a warning of the process to operators. */
  warn(message: string): void {
    this.#events.emit({ type: 'plugin.warning', message });
  }

  /**
   * Stops in the reverse order of the start, so that the engine is answered until the end. Requests in flight are
   * finished.
   */
  async stop(reason: string, signal: AbortSignal): Promise<void> {
    this.#events.emit({ type: 'plugin.stopping', signal: reason });
    this.#stopping.abort(new Error('the plugin is stopping'));
    for (const stop of this.#stops.splice(0).reverse()) await stop(signal);
  }

  async #startRotation(): Promise<void> {
    const { addRotation, rotationId } = await import('./composition/rotation-container.ts');
    const container = this.#container;
    addRotation(container);
    const rotation = container.get(rotationId.rotation);
    const docker = container.get(rotationId.docker);
    container.get(id.lateRotation).connect(rotation);
    rotation.start();
    this.#stops.push(async () => {
      await rotation.stop();
      docker.close();
    });
    const managers = container.get(rotationId.managers);
    this.#stops.push((signal) => managers.leave(signal));
    const look = async () => {
      await managers.round(this.#stopping.signal);
      return false;
    };
    void this.#untilDone(
      'the list of managers',
      look,
      Math.min(this.#configuration.rotation.intervalMs, MAX_MANAGERS_INTERVAL_MS),
    );
  }

  /**
   * Starts the log, the provider health checks, and monitoring if it is enabled; otherwise its libraries are not
   * loaded.
   */
  async #startObservers(): Promise<void> {
    const { addLogging, loggingId } = await import('./composition/logging-container.ts');
    const container = this.#container;
    addLogging(container);
    const { monitoring, rotation } = this.#configuration;
    const monitoringParts = monitoring.enabled ? await this.#loadMonitoring() : null;
    const eventLog = container.get(loggingId.eventLog);
    const healthCheck = container.get(loggingId.healthCheck);
    const observers: Readonly<Record<string, Observer>> = {
      'log and list of events': eventLog,
      status: container.get(loggingId.status),
      'reasons of the status': container.get(loggingId.refusals),
      readiness: container.get(id.readiness),
      'health check of providers': healthCheck,
      'garbage collection': new IdleCollection(container.get(id.clock), collectGarbage),
      ...(await this.#notifiers(container.get(loggingId.status))),
      ...monitoringParts?.observers,
    };
    this.#early.connect(
      Object.fromEntries(
        Object.entries(observers).map(([name, observer]) => [name, (event) => observer.observe(event)]),
      ),
    );
    this.#closeLog = () => eventLog.close();
    const credentials = container.get(loggingId.credentials);
    const policyReload = container.get(loggingId.policyReload);
    const round = async () => {
      credentials.check();
      await policyReload.check();
      await healthCheck.round(this.#stopping.signal);
      return false;
    };
    void this.#untilDone('the health check', round, Math.min(rotation.intervalMs, MAX_HEALTH_CHECK_BACKOFF_MS));
    monitoringParts?.start();
  }

  /** One listener for each receiver. The library that signs is loaded only if there is one. */
  async #notifiers(status: CachedStatus): Promise<Readonly<Record<string, Observer>>> {
    const { notifications } = this.#configuration;
    if (notifications.length === 0) return {};
    const [{ Notifier }, { eventCatalog }] = await Promise.all([
      import('./notifications/notifier.ts'),
      import('./plugin-events.ts'),
    ]);
    const ports = {
      ...{ clock: this.#container.get(id.clock), random: this.#container.get(id.random), events: this.#events },
      catalog: eventCatalog,
      isLeading: () => status.now().role === 'leader',
    };
    const notifiers = notifications.map(
      (config) => [`notification ${config.name}`, new Notifier(config, ports)] as const,
    );
    this.#stops.push(async () => {
      for (const [, notifier] of notifiers) notifier.close();
    });
    return Object.fromEntries(notifiers);
  }

  async #loadMonitoring() {
    const { addMonitoring, monitoringId } = await import('./composition/monitoring-container.ts');
    const container = this.#container;
    addMonitoring(container, this.#dashboardDirectory);
    const history = container.get(monitoringId.history);
    const problems = container.get(monitoringId.problems);
    const clock = container.get(id.clock);
    let nextDatingMs = Number.NEGATIVE_INFINITY;
    return {
      observers: {
        // After passes, so that the age of a problem does not start with the first client that asks.
        'ages of problems': {
          observe: ({ type }: TimedPluginEvent) => {
            if (type !== 'reconcile.completed' || clock.monotonic() < nextDatingMs) return;
            nextDatingMs = clock.monotonic() + PROBLEM_AGES_EVERY_MS;
            problems();
          },
        },
        'figures of the process': container.get(monitoringId.processStats),
        'figures of deliveries': container.get(monitoringId.deliveries),
        'figures of providers': container.get(monitoringId.providers),
        'costs of requests': container.get(monitoringId.costs),
        history,
        metrics: container.get(monitoringId.prometheus),
      },
      start: () => {
        history.start();
        this.#stops.push(async () => history.close());
        const server = container.get(monitoringId.server);
        this.#stops.push(() => server.close());
        void this.#untilDone('the monitoring', () => this.#listen(server), this.#configuration.rotation.intervalMs);
      },
    };
  }

  /** A port in use does not stop the plugin. */
  async #listen(server: MonitoringServer): Promise<boolean> {
    try {
      this.#events.emit({ type: 'monitoring.listening', address: await server.listen() });
      return true;
    } catch (error) {
      this.#events.emit({ type: 'monitoring.failed', message: errorMessage(error) });
      return false;
    }
  }

  #untilDone(name: string, attempt: () => Promise<boolean>, pauseMs: number): Promise<void> {
    const { signal } = this.#stopping;
    return untilDone(attempt, { clock: this.#container.get(id.clock), events: this.#events, name, pauseMs, signal });
  }
}
