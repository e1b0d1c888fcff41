import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Changed, Events, History, Leases, Overview, RotateBody, Secrets, Services } from '@vault-swarm/http/api';
import { type ApiClient, ApiError, type PlanRequest } from '../api/client.ts';
import type { StreamMessage } from '../api/stream.ts';
import { Connection, isConnected } from './connection.ts';
import { LiveDocument } from './document.ts';
import { EventLog } from './event-log.ts';
import type { Place } from './location.ts';
import { ServerClock } from './server-clock.ts';

const REFRESH_MS = 30_000;
const HISTORY_MS = 10_000;
// During a large rollout the lists change every second; a page reads them at most this often.
const LIST_INTERVAL_MS = 1_000;
const EVENTS = 'events?level=info&limit=200';

/** What a {@link Dashboard} needs from the browser. */
export interface DashboardParts {
  readonly api: ApiClient;
  readonly place: Signal<Place>;
  /** A monotonic clock in milliseconds. */
  readonly monotonic: () => number;
  readonly random: () => number;
}

/** The state of the page, and the user's actions. */
export class Dashboard {
  readonly api: ApiClient;
  readonly place: Signal<Place>;
  readonly clock: ServerClock;
  readonly connection: Connection;
  readonly services: LiveDocument<Services>;
  readonly secrets: LiveDocument<Secrets>;
  /** The credentials that end; read while something shows them: see {@link watchLeases}. */
  readonly leases: LiveDocument<Leases>;
  readonly history: LiveDocument<History>;
  readonly log = new EventLog();
  /** The request of the open plan dialog; `null` if it is closed. */
  readonly planned = signal<PlanRequest | null>(null);
  readonly #overview = signal<Overview | null>(null);
  readonly #olderEvents = signal<number | null | undefined>(undefined);
  readonly #overviewDocument: LiveDocument<Overview>;
  #leaseViews = 0;
  #listsDue = false;
  #listTimer: ReturnType<typeof setTimeout> | null = null;

  constructor({ api, place, monotonic, random }: DashboardParts) {
    this.api = api;
    this.place = place;
    this.clock = new ServerClock(monotonic);
    const onError = (error: unknown) => this.#onError(error);
    this.services = new LiveDocument((etag) => api.readList<'services', Services>('services', etag), onError);
    this.secrets = new LiveDocument((etag) => api.readList<'secrets', Secrets>('secrets', etag), onError);
    this.leases = new LiveDocument((etag) => api.readList<'leases', Leases>('leases', etag), onError);
    this.history = new LiveDocument((etag) => api.read('history', etag), onError);
    this.#overviewDocument = new LiveDocument((etag) => api.read('overview', etag), onError);
    this.connection = new Connection({
      api,
      random,
      now: monotonic,
      onOpen: () => this.refresh(),
      onMessage: (message) => this.#take(message),
    });
  }

  /** `null` before the first response. */
  get overview(): ReadonlySignal<Overview | null> {
    return this.#overview;
  }

  /** The event before which older ones exist; `null` if there are none, `undefined` before the first response. */
  get olderEvents(): ReadonlySignal<number | null | undefined> {
    return this.#olderEvents;
  }

  /** Connects and keeps everything up to date; returns a function that stops it. */
  start(): () => void {
    void this.connection.run();
    const stopClock = this.clock.start();
    const full = setInterval(() => this.refresh(), REFRESH_MS);
    const charts = setInterval(() => this.#isSeen() && void this.history.refresh(), HISTORY_MS);
    const unsubscribe = this.place.subscribe(() => this.#refreshLists());
    return () => {
      unsubscribe();
      clearInterval(full);
      clearInterval(charts);
      stopClock();
      this.connection.stop();
    };
  }

  /** Reads everything that is shown, if it has changed. */
  refresh(): void {
    if (!isConnected(this.connection.state.peek())) return;
    void this.#refreshOverview();
    void this.history.refresh();
    void this.#readEvents(EVENTS, this.#olderEvents.peek() === undefined);
    this.#refreshLists();
  }

  /** Keeps the credentials that end up to date until the returned function is called. */
  watchLeases(): () => void {
    this.#leaseViews += 1;
    if (isConnected(this.connection.state.peek())) void this.leases.refresh();
    return () => {
      this.#leaseViews -= 1;
    };
  }

  /** Reads the events before the known ones. */
  readOlderEvents(): Promise<void> {
    const before = this.#olderEvents.value ?? null;
    return before === null ? Promise.resolve() : this.#readEvents(`${EVENTS}&before=${before}`, true);
  }

  /** Starts a new session after the old one ended, and continues where the page was. @throws the plugin's response. */
  async signIn(token: string): Promise<void> {
    await this.api.signIn(token);
    this.connection.retryNow();
  }

  /** Opens the dialog that shows what a rotation would do. */
  showPlan(request: PlanRequest): void {
    this.planned.value = request;
  }

  /** Requests a rotation. @throws the plugin's response. */
  async rotate(request: RotateBody) {
    const outcome = await this.api.rotate(request);
    this.refresh();
    return outcome;
  }

  #take(message: StreamMessage): void {
    if (message.kind === 'event') this.log.add([message.event]);
    else if (message.kind === 'overview') this.#takeOverview(message.overview);
    else if (this.#isOld(message.tags)) this.#refreshListsSoon();
  }

  #isOld({ services, secrets, leases }: Changed): boolean {
    if (this.#leaseViews > 0 && !this.leases.has(leases)) return true;
    return !this.services.has(services) || !this.secrets.has(secrets);
  }

  #takeOverview(overview: Overview): void {
    this.#overview.value = overview;
    this.clock.hear(overview);
  }

  async #refreshOverview(): Promise<void> {
    await this.#overviewDocument.refresh();
    const overview = this.#overviewDocument.body.peek();
    // The stream may have delivered a newer one meanwhile.
    const known = this.#overview.peek()?.plugin.uptime_seconds ?? -1;
    if (overview !== null && overview.plugin.uptime_seconds > known) this.#takeOverview(overview);
  }

  #refreshLists(): void {
    if (!isConnected(this.connection.state.peek())) return;
    if (this.#leaseViews > 0) void this.leases.refresh();
    // A hidden list is read when it is shown; its ETag shows whether it changed.
    if (this.place.peek().tab === 'secrets') void this.secrets.refresh();
    else void this.services.refresh();
  }

  #refreshListsSoon(): void {
    this.#listsDue = true;
    if (this.#listTimer !== null) return;
    this.#listsDue = false;
    this.#refreshLists();
    this.#listTimer = setTimeout(() => {
      this.#listTimer = null;
      if (this.#listsDue) this.#refreshListsSoon();
    }, LIST_INTERVAL_MS);
  }

  async #readEvents(path: string, goesFurtherBack: boolean): Promise<void> {
    try {
      const snapshot = await this.api.read<Events>(path);
      if (snapshot === null) return;
      this.log.add(snapshot.body.events);
      if (goesFurtherBack) this.#olderEvents.value = snapshot.body.next_before;
    } catch (error) {
      this.#onError(error);
    }
  }

  #onError(error: unknown): void {
    if (error instanceof ApiError && error.status === 401) this.connection.signedOut();
  }

  #isSeen(): boolean {
    return isConnected(this.connection.state.peek()) && document.visibilityState === 'visible';
  }
}
