import { LeaseRun } from '../lease-run/lease-run.ts';
import { forEachSeed } from '../pool/history-pool.ts';

const PROGRESS_EVERY_MS = 5_000;
/** If more of the credentials ended under a task with an excuse, the excuses hide something. */
const MAX_EXCUSED_SHARE = 0.02;

/** Runs histories of leases, and reports what breaks promise 8. Resolves to whether nothing did. */
export async function simulateLeases(from: number, count: number, say: (line: string) => void): Promise<boolean> {
  const startedAtMs = performance.now();
  const totals = { runs: 0, failed: 0, issued: 0, updates: 0, excused: 0 };
  let reportedAtMs = startedAtMs;
  const tell = () => {
    const seconds = ((performance.now() - startedAtMs) / 1_000).toFixed(1);
    const { runs, failed, issued, updates, excused } = totals;
    say(
      `${seconds} s: ${runs} of ${count} histories of leases, ${failed} failed; ${updates} updates, ${issued} credentials, ` +
        `${excused} ended under a task since nothing could be issued`,
    );
  };
  await forEachSeed(from, count, async (pool, seed) => {
    const { problems, issued, updates, excused } = await pool.runLeases(seed);
    totals.runs += 1;
    totals.issued += issued;
    totals.updates += updates;
    totals.excused += excused;
    if (problems.length > 0) {
      totals.failed += 1;
      say(`seed ${seed}: ${problems[0]}\n  to see it: npm run simulate -- --leases --replay ${seed}`);
    }
    if (performance.now() - reportedAtMs < PROGRESS_EVERY_MS) return;
    reportedAtMs = performance.now();
    tell();
  });
  tell();
  const isExcusedTooOften = totals.excused > Math.max(5, totals.issued * MAX_EXCUSED_SHARE);
  if (isExcusedTooOften) say('excused too often');
  return totals.failed === 0 && !isExcusedTooOften;
}

/** Shows a history of leases. Resolves to whether nothing is wrong. */
export async function replayLeases(seed: number, say: (line: string) => void): Promise<boolean> {
  const { lines, problems } = await new LeaseRun(seed).execute();
  for (const line of lines) say(line);
  say(problems.length === 0 ? 'nothing is wrong' : `\n${problems.map((problem) => `wrong: ${problem}`).join('\n')}`);
  return problems.length === 0;
}
