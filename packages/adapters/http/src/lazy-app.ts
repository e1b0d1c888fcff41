import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type Emitter, errorMessage } from '@vault-swarm/kernel';
import type { MonitoringEvent } from './monitoring-events.ts';

/** The loaded routes. */
interface LoadedApp {
  readonly handle: RequestListener;
  closeStreams(): void;
}

/**
 * Loads the routes with the first request: Express, the schemas and the dashboard's files take 13 MB, which a plugin
 * without requests does not need. Requests that arrive during loading wait, and are answered in their order.
 */
export class LazyApp {
  readonly #events: Emitter<MonitoringEvent>;
  readonly #load: () => Promise<LoadedApp>;
  #loading: Promise<LoadedApp> | null = null;
  #loaded: LoadedApp | null = null;

  /** @param events receives `monitoring.failed` if the routes can't be loaded; the next request tries again. */
  constructor(events: Emitter<MonitoringEvent>, load: () => Promise<LoadedApp>) {
    this.#events = events;
    this.#load = load;
  }

  /** Answers a request. */
  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    if (this.#loaded !== null) this.#loaded.handle(request, response);
    else void this.#handleOnceLoaded(request, response);
  };

  /** Ends the streams, which have no end of their own. */
  closeStreams(): void {
    this.#loaded?.closeStreams();
  }

  async #handleOnceLoaded(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      this.#loading ??= this.#load();
      this.#loaded = await this.#loading;
    } catch (error) {
      this.#loading = null;
      this.#events.emit({ type: 'monitoring.failed', message: errorMessage(error) });
      response.writeHead(500, { 'Content-Type': 'text/plain' }).end('The pages could not be loaded; see the log.\n');
      return;
    }
    this.#loaded.handle(request, response);
  }
}
