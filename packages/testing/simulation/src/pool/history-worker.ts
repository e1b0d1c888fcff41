// Runs the histories that the main thread asks for, one after the other.
import { parentPort } from 'node:worker_threads';
import { LeaseRun } from '../lease-run/lease-run.ts';
import { executeRun } from '../run/execute-run.ts';
import type { Job } from './history-pool.ts';

parentPort?.on('message', async (job: Job) => {
  const { lines, ...result } = await ('leaseSeed' in job ? new LeaseRun(job.leaseSeed).execute() : executeRun(job));
  parentPort?.postMessage({ ...result, lines: result.problems.length === 0 ? [] : lines });
});
