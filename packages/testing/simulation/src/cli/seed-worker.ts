// Runs the histories that the main thread asks for, one after the other.
import { parentPort } from 'node:worker_threads';
import { executeRun } from '../run/execute-run.ts';

parentPort?.on('message', async (seed: number) => {
  const { lines, ...result } = await executeRun({ seed });
  parentPort?.postMessage({ ...result, lines: result.problems.length === 0 ? [] : lines });
});
