import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { LeaseRunResult } from '../lease-run/lease-run.ts';
import type { RunResult } from '../run/execute-run.ts';
import type { RunOptions } from '../run/run.ts';

/** A history of values, as far as it can be sent to another thread, or one of leases. */
export type Job = Pick<RunOptions, 'seed' | 'kinds' | 'without'> | { readonly leaseSeed: number };

/** Runs histories on a thread for each core. The lines of those that end well are left out. */
export class HistoryPool {
  /** How many histories run at once. */
  readonly threads = availableParallelism();
  #started = 0;
  readonly #idle: Worker[] = [];
  readonly #waiting: ((worker: Worker) => void)[] = [];

  /** Runs one history as soon as a thread is free. Rejects if its thread ends by an error. */
  run(job: Exclude<Job, { readonly leaseSeed: number }>): Promise<RunResult> {
    return this.#run(job);
  }

  /** As {@link run}, a history of leases. */
  runLeases(leaseSeed: number): Promise<LeaseRunResult> {
    return this.#run({ leaseSeed });
  }

  /** Ends all threads. No history may run. */
  async close(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map((worker) => worker.terminate()));
    this.#started = 0;
  }

  async #run<Result>(job: Job): Promise<Result> {
    let worker = await this.#free();
    try {
      worker.postMessage(job);
      const [result] = await once(worker, 'message');
      return result;
    } catch (error) {
      worker = start(); // The other one has ended.
      throw error;
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#idle.push(worker);
      else next(worker);
    }
  }

  #free(): Worker | Promise<Worker> {
    const worker = this.#idle.pop();
    if (worker !== undefined) return worker;
    if (this.#started === this.threads) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#started += 1;
    return start();
  }
}

function start(): Worker {
  return new Worker(new URL('./history-worker.ts', import.meta.url), {
    execArgv: ['--conditions=@vault-swarm/source'],
  });
}

/** Runs `run` for each seed of a range, as many at once as the pool has threads; then closes the pool. */
export async function forEachSeed(
  from: number,
  count: number,
  run: (pool: HistoryPool, seed: number) => Promise<void>,
): Promise<void> {
  const pool = new HistoryPool();
  let next = from;
  const work = async () => {
    while (next < from + count) await run(pool, next++);
  };
  await Promise.all(Array.from({ length: pool.threads }, work));
  await pool.close();
}
