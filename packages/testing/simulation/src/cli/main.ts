// simulate [--leases] [--seeds N] [--from S] | [--leases] --replay SEED: runs random histories, or shows one; with --leases of
// credentials that end.
import { parseArgs } from 'node:util';
import { forEachSeed } from '../pool/history-pool.ts';
import { executeRun } from '../run/execute-run.ts';
import { type AllowanceCounts, addCounts, grownAllowances } from '../run/tolerated-anomalies.ts';
import { replayLeases, simulateLeases } from './lease-histories.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '2000' },
    from: { type: 'string', default: '0' },
    replay: { type: 'string' },
    leases: { type: 'boolean', default: false },
  },
});

/** In fewer histories a share says nothing. */
const MIN_FOR_SHARES = 1_000;
const PROGRESS_EVERY_MS = 5_000;

const { leases, replay: replayed } = values;
if (leases) {
  const isGood =
    replayed === undefined
      ? await simulateLeases(Number(values.from), Number(values.seeds), say)
      : await replayLeases(Number(replayed), say);
  process.exitCode = isGood ? 0 : 1;
} else if (replayed === undefined) await simulate(Number(values.from), Number(values.seeds));
else await replay(Number(replayed));

async function simulate(from: number, count: number): Promise<void> {
  const startedAtMs = performance.now();
  const totals = { runs: 0, failed: 0, rolls: 0, completed: 0, quarantines: 0 };
  const used: AllowanceCounts = {};
  let reportedAtMs = startedAtMs;
  // Seeds end in any order: all before the first that is still open are done.
  const done = new Set<number>();
  let allBefore = from;
  const tell = () => {
    const seconds = ((performance.now() - startedAtMs) / 1_000).toFixed(1);
    const { runs, failed, rolls, completed, quarantines } = totals;
    say(
      `${seconds} s: ${runs} of ${count} histories, ${failed} failed; ${rolls} updates, ${completed} rollouts ` +
        `completed, ${quarantines} sets of quarantined values; all before seed ${allBefore} are done`,
    );
  };
  await forEachSeed(from, count, async (pool, seed) => {
    const { problems, rolls, completed, quarantines, allowances } = await pool.run({ seed });
    addCounts(used, allowances);
    totals.runs += 1;
    totals.rolls += rolls;
    totals.completed += completed;
    totals.quarantines += quarantines;
    done.add(seed);
    while (done.delete(allBefore)) allBefore += 1;
    if (problems.length > 0) {
      totals.failed += 1;
      say(`seed ${seed}: ${problems[0]}\n  to see it: npm run simulate -- --replay ${seed}`);
    }
    if (performance.now() - reportedAtMs < PROGRESS_EVERY_MS) return;
    reportedAtMs = performance.now();
    tell();
  });
  tell();
  for (const [anomaly, count] of Object.entries(used).toSorted(([, a], [, b]) => b - a)) {
    say(`  excused ${count} times: ${anomaly}`);
  }
  const grown = count < MIN_FOR_SHARES ? [] : grownAllowances(used, count);
  for (const what of grown) say(`excused too often: ${what}`);
  process.exitCode = totals.failed === 0 && grown.length === 0 ? 0 : 1;
}

async function replay(seed: number): Promise<void> {
  const { lines, problems } = await executeRun({ seed, reportsEvents: true });
  for (const line of lines) say(line);
  say(problems.length === 0 ? 'nothing is wrong' : `\n${problems.map((problem) => `wrong: ${problem}`).join('\n')}`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
