import { setTimeout as delay } from 'node:timers/promises';
import type { Engine } from './engine.ts';

const SAMPLE_MS = 100;

interface ApiTask {
  readonly ServiceID: string;
  readonly Status: { readonly State: string };
}

/** Counts the running tasks of all services of a Swarm, every 100 ms. One request counts all, so that it takes little of the machine. */
export class RunningTasksSampler {
  readonly #stopping = new AbortController();
  readonly #fewest = new Map<string, number>();
  readonly #ended: Promise<void>;
  #error: unknown;

  private constructor(engine: Engine) {
    this.#ended = this.#run(engine).catch((error: unknown) => {
      this.#error = error;
    });
  }

  static start(engine: Engine): RunningTasksSampler {
    return new RunningTasksSampler(engine);
  }

  /**
   * Watches a service from now on, by its id.
   * @returns a function that returns the lowest number of tasks that ran at the same time since. It throws if the engine did not
   *   answer meanwhile.
   */
  watch(serviceId: string): () => number {
    this.#fewest.set(serviceId, Number.POSITIVE_INFINITY);
    return () => {
      if (this.#error !== undefined) throw this.#error;
      return this.#fewest.get(serviceId) ?? 0;
    };
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }

  async #run(engine: Engine): Promise<void> {
    // A task that is to be stopped counts no longer, though it may still run for a moment.
    const filters = encodeURIComponent(JSON.stringify({ 'desired-state': ['running'] }));
    while (!this.#stopping.signal.aborted) {
      const next = delay(SAMPLE_MS);
      const watched = [...this.#fewest.keys()];
      const tasks = (await engine.api('GET', `/tasks?filters=${filters}`)) as readonly ApiTask[];
      const running = tasks.filter(({ Status }) => Status.State === 'running');
      for (const service of watched) {
        const count = running.filter(({ ServiceID }) => ServiceID === service).length;
        this.#fewest.set(service, Math.min(this.#fewest.get(service) ?? count, count));
      }
      await next;
    }
  }
}
