// Runs the histories that the main thread asks for, one after the other.
import { parentPort } from 'node:worker_threads';
import { LeaseRun } from '../lease-run/lease-run.ts';
import { executeRun } from '../run/execute-run.ts';

parentPort?.on('message', async ({ seed, kind }: { readonly seed: number; readonly kind: 'values' | 'leases' }) => {
  const { lines, ...result } = await (kind === 'leases' ? new LeaseRun(seed).execute() : executeRun({ seed }));
  parentPort?.postMessage({ ...result, lines: result.problems.length === 0 ? [] : lines });
});
