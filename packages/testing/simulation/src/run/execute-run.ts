import { actions } from './actions.ts';
import { finalProblems } from './final-checks.ts';
import { QuietTime } from './quiet-time.ts';
import { isRecorded } from './recorded-secrets.ts';
import { Run, type RunOptions } from './run.ts';
import { change, heal, setUp, unblock } from './set-up.ts';
import type { AllowanceCounts } from './tolerated-anomalies.ts';

/** How a history ended. */
export interface RunResult {
  readonly seed: number;
  /** What was not as it must be; empty where all was. */
  readonly problems: readonly string[];
  readonly lines: readonly string[];
  readonly rolls: number;
  readonly completed: number;
  readonly quarantines: number;
  readonly allowances: AllowanceCounts;
}

/** After this time, in milliseconds, a healthy world has to be in order. */
const CONVERGES_WITHIN_MS = 3_600_000;
const RELOAD_INTERVAL_MS = 30_000;
/** A call of a plugin that hung when all was healed is cut off, and the next look is made. */
const POLLS_WITHIN_MS = 90_000;
const QUIET_MS = 90_000;

/** Runs one history: random happenings, then a world that is healthy, then the checks. The same seed gives the same one. */
export async function executeRun(options: RunOptions): Promise<RunResult> {
  const run = new Run(options);
  const { random, clock, oracle } = run;
  await setUp(run);
  const possible = [...run.kinds].filter((kind) => actions[kind] !== undefined);
  for (let steps = random.between(5, 30); steps > 0; steps--) {
    const kind = random.pick(possible);
    const what = actions[kind]?.(run) ?? null;
    if (what !== null) run.say(what);
    await pause(run);
  }
  heal(run);
  // What the provider has gone back to counts after a minute.
  if (run.kinds.has('snapshot restored')) await clock.advance(POLLS_WITHIN_MS);
  let problems = await converge(run);
  // What was overlooked for a reason is put right by the next change, of that secret alone.
  const overlooked = new Set(finalProblems(run).flatMap(({ excuse }) => excuse?.paths ?? []));
  if (problems.length === 0 && overlooked.size > 0) {
    await untilRecorded(run, overlooked);
    change(run, overlooked);
    problems = await converge(run);
  }
  if (problems.length === 0) {
    const quiet = new QuietTime(run);
    await clock.advance(QUIET_MS);
    oracle.violations.push(...quiet.end());
    problems = unexplained(run);
  }
  for (const process of run.alive.map((manager) => manager.process)) process?.kill();
  const { rolls, completed, quarantines } = oracle;
  const { lines } = run;
  return {
    ...{ seed: options.seed, problems: [...oracle.violations, ...problems], lines, rolls, completed, quarantines },
    allowances: oracle.allowances.counts,
  };
}

/** Lets time pass until the ledger has a value of each of these paths: a change of one that nobody has read is not seen. */
async function untilRecorded(run: Run, paths: ReadonlySet<string>): Promise<void> {
  const { clock, swarm } = run;
  for (let passedMs = 0; passedMs < CONVERGES_WITHIN_MS; passedMs += RELOAD_INTERVAL_MS) {
    if (swarm.services.every((service) => isRecorded(run, service, paths))) return;
    await clock.advance(RELOAD_INTERVAL_MS);
  }
}

/** What is wrong, and nothing explains. */
function unexplained(run: Run): readonly string[] {
  return finalProblems(run).flatMap(({ what, excuse }) => {
    if (excuse === null) return [what];
    run.oracle.allowances.uses(excuse.anomaly, excuse.paths.join(' '));
    return [];
  });
}

/** Lets time pass until nothing is wrong any more. */
async function converge(run: Run): Promise<readonly string[]> {
  let problems: readonly string[] = [];
  for (let passedMs = 0; passedMs < CONVERGES_WITHIN_MS; passedMs += RELOAD_INTERVAL_MS) {
    const { rolls } = run.oracle;
    await run.clock.advance(RELOAD_INTERVAL_MS);
    const isUnblocked = unblock(run);
    problems = unexplained(run);
    if (problems.length === 0 && !isUnblocked && run.oracle.rolls === rolls) return [];
  }
  for (const problem of problems) run.say(`PROBLEM ${problem}`);
  return problems;
}

/** Between two happenings: a random time, or until Swarm is replacing tasks, when most can go wrong. */
async function pause({ random, clock, swarm }: Run): Promise<void> {
  const kind = random.next();
  if (kind < 0.3) await clock.advance(random.between(0, 400));
  else if (kind < 0.6) await clock.advance(random.between(400, 6_000));
  else if (kind < 0.8) await clock.advance(random.between(6_000, 40_000));
  else if (kind < 0.815) await clock.advance(random.between(60_000, 700_000));
  else {
    for (let passedMs = 0; passedMs < 15_000; passedMs += 500) {
      await clock.advance(500);
      if (swarm.services.some(({ status }) => status.state === 'rolling' || status.state === 'rolling-back')) break;
    }
    await clock.advance(random.between(0, 1_500));
  }
}
