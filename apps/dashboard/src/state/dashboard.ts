import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Events, History, Overview, RotateBody, Secrets, Services } from '@vault-swarm/http/api';
import { type ApiClient, ApiError, type PlanRequest } from '../api/client.ts';
import type { StreamMessage } from '../api/stream.ts';
import { Connection, isConnected } from './connection.ts';
import { LiveDocument } from './document.ts';
import { EventLog } from './event-log.ts';
import type { Place } from './location.ts';
import { ServerClock } from './server-clock.ts';

const REFRESH_MS = 30_000;
const HISTORY_MS = 10_000;
// During a large rollout the lists change every second; a page takes them over at most this often.
const LIST_INTERVAL_MS = 1_000;
const EVENTS = 'events?level=info&limit=200';

/** What a {@link Dashboard} needs of the browser. */
export interface DashboardParts {
  readonly api: ApiClient;
  readonly place: Signal<Place>;
  /** A clock that never jumps, in milliseconds. */
  readonly monotonic: () => number;
  readonly random: () => number;
}

/** All that the page knows, and what the user can do. */
export class Dashboard {
  readonly api: ApiClient;
  readonly place: Signal<Place>;
  readonly clock: ServerClock;
  readonly connection: Connection;
  readonly services: LiveDocument<Services>;
  readonly secrets: LiveDocument<Secrets>;
  readonly history: LiveDocument<History>;
  readonly log = new EventLog();
  /** What the dialog with the plan is open for; `null` where it is closed. */
  readonly planned = signal<PlanRequest | null>(null);
  readonly #overview = signal<Overview | null>(null);
  readonly #olderEvents = signal<number | null | undefined>(undefined);
  readonly #overviewDocument: LiveDocument<Overview>;
  #listsDue = false;
  #listTimer: ReturnType<typeof setTimeout> | null = null;

  constructor({ api, place, monotonic, random }: DashboardParts) {
    this.api = api;
    this.place = place;
    this.clock = new ServerClock(monotonic);
    const onError = (error: unknown) => this.#onError(error);
    this.services = new LiveDocument((etag) => api.readList<'services', Services>('services', etag), onError);
    this.secrets = new LiveDocument((etag) => api.readList<'secrets', Secrets>('secrets', etag), onError);
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

  /** `null` before the first. */
  get overview(): ReadonlySignal<Overview | null> {
    return this.#overview;
  }

  /** Before which event older ones can be had; `null` where there are none, `undefined` before the first answer. */
  get olderEvents(): ReadonlySignal<number | null | undefined> {
    return this.#olderEvents;
  }

  /** Connects, and keeps everything fresh; gives how to end that. */
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

  /** Asks for everything that is shown, as far as it has changed. */
  refresh(): void {
    if (!isConnected(this.connection.state.peek())) return;
    void this.#refreshOverview();
    void this.history.refresh();
    void this.#readEvents(EVENTS, this.#olderEvents.peek() === undefined);
    this.#refreshLists();
  }

  /** Reads the events before those that are known. */
  readOlderEvents(): Promise<void> {
    const before = this.#olderEvents.value ?? null;
    return before === null ? Promise.resolve() : this.#readEvents(`${EVENTS}&before=${before}`, true);
  }

  /** Starts the session again after it ended, and goes on where the page was. @throws what the plugin answered. */
  async signIn(token: string): Promise<void> {
    await this.api.signIn(token);
    this.connection.retryNow();
  }

  /** Opens the dialog that shows what a rotation would do. */
  showPlan(request: PlanRequest): void {
    this.planned.value = request;
  }

  /** Rotates. @throws what the plugin answered. */
  async rotate(request: RotateBody) {
    const outcome = await this.api.rotate(request);
    this.refresh();
    return outcome;
  }

  #take(message: StreamMessage): void {
    if (message.kind === 'event') this.log.add([message.event]);
    else if (message.kind === 'overview') this.#takeOverview(message.overview);
    else if (!this.services.has(message.tags.services) || !this.secrets.has(message.tags.secrets))
      this.#refreshListsSoon();
  }

  #takeOverview(overview: Overview): void {
    this.#overview.value = overview;
    this.clock.hear(overview);
  }

  async #refreshOverview(): Promise<void> {
    await this.#overviewDocument.refresh();
    const overview = this.#overviewDocument.body.peek();
    // The stream may have brought a newer one meanwhile.
    const known = this.#overview.peek()?.plugin.uptime_seconds ?? -1;
    if (overview !== null && overview.plugin.uptime_seconds > known) this.#takeOverview(overview);
  }

  #refreshLists(): void {
    if (!isConnected(this.connection.state.peek())) return;
    // Who is not shown is asked for when it is: its tag tells whether it has changed.
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
