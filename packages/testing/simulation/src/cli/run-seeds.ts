import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { LeaseRunResult } from '../lease-run/lease-run.ts';
import type { RunResult } from '../run/execute-run.ts';

/** Which histories to run. */
export interface SeedRange<Result> {
  readonly from: number;
  readonly count: number;
  readonly workers: number;
  /** Called as each ends, in any order. */
  readonly onResult: (result: Result) => void;
}

/** Runs the histories of a range of seeds, on several threads. Rejects where a thread ends by an error. */
export function runSeeds(range: SeedRange<RunResult>): Promise<void> {
  return run('values', range);
}

/** As {@link runSeeds}, of histories of leases. */
export function runLeaseSeeds(range: SeedRange<LeaseRunResult>): Promise<void> {
  return run('leases', range);
}

async function run<Result>(kind: string, { from, count, workers, onResult }: SeedRange<Result>): Promise<void> {
  let next = from;
  const work = async () => {
    const worker = new Worker(new URL('./seed-worker.ts', import.meta.url), {
      execArgv: ['--conditions=@vault-swarm/source'],
    });
    try {
      while (next < from + count) {
        worker.postMessage({ kind, seed: next++ });
        const [result] = await once(worker, 'message');
        onResult(result);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(workers, count) }, work));
}
