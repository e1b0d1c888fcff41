import { happenings } from './actions.ts';
import { finalProblems } from './final-checks.ts';
import { History, type HistoryOptions } from './run.ts';
import { change, heal, setUp, unblock } from './set-up.ts';
import type { AllowanceCounts } from './tolerated-anomalies.ts';

/** How a history ended. */
export interface HistoryResult {
  readonly seed: number;
  /** What was not as it must be; empty where all was. */
  readonly problems: readonly string[];
  readonly lines: readonly string[];
  readonly rolls: number;
  readonly completed: number;
  readonly setAside: number;
  readonly allowances: AllowanceCounts;
}

/** After this time, in milliseconds, a healthy world has to be in order. */
const CONVERGES_WITHIN_MS = 3_600_000;
const LOOK_AGAIN_MS = 30_000;
/** A call of a plugin that hung when all was healed is cut off, and the next look is made. */
const LOOKS_WITHIN_MS = 90_000;
const QUIET_MS = 90_000;

/** Runs one history: random happenings, then a world that is healthy, then the checks. The same seed gives the same one. */
export async function runHistory(options: HistoryOptions): Promise<HistoryResult> {
  const history = new History(options);
  const { random, clock, witness } = history;
  await setUp(history);
  const possible = [...history.kinds].filter((kind) => happenings[kind] !== undefined);
  for (let steps = random.between(5, 30); steps > 0; steps--) {
    const kind = random.pick(possible);
    const what = happenings[kind]?.(history) ?? null;
    if (what !== null) history.say(what);
    await pause(history);
  }
  heal(history);
  // What the provider has gone back to counts after a minute.
  if (history.kinds.has('snapshot restored')) await clock.advance(LOOKS_WITHIN_MS);
  let problems = await converge(history);
  // What was overlooked for a reason is put right by the next change, of that secret alone.
  const overlooked = new Set(finalProblems(history).flatMap(({ excuse }) => excuse?.paths ?? []));
  if (problems.length === 0 && overlooked.size > 0) {
    change(history, overlooked);
    problems = await converge(history);
  }
  if (problems.length === 0) {
    // A value that is bad may still have to be tried, or is tried again after ever longer times.
    const inOrder = history.swarm.services.filter((service) => history.truth.badUses(service).length === 0);
    const before = new Map(inOrder.map(({ id }) => [id, witness.pastOf(id).rolls]));
    await clock.advance(QUIET_MS);
    for (const { id, name } of inOrder) {
      if (witness.pastOf(id).rolls === before.get(id)) continue;
      witness.violations.push(`${name} was rolled in a time in which nothing happened`);
    }
    problems = unexplained(history);
  }
  for (const process of history.alive.map((manager) => manager.process)) process?.kill();
  const { rolls, completed, setAside } = witness;
  const { lines } = history;
  return {
    ...{ seed: options.seed, problems: [...witness.violations, ...problems], lines, rolls, completed, setAside },
    allowances: witness.allowances.counts,
  };
}

/** What is wrong, and nothing explains. */
function unexplained(history: History): readonly string[] {
  return finalProblems(history).flatMap(({ what, excuse }) => {
    if (excuse === null) return [what];
    history.witness.allowances.uses(excuse.allowance, excuse.paths.join(' '));
    return [];
  });
}

/** Lets time pass until nothing is wrong any more. */
async function converge(history: History): Promise<readonly string[]> {
  let problems: readonly string[] = [];
  for (let passedMs = 0; passedMs < CONVERGES_WITHIN_MS; passedMs += LOOK_AGAIN_MS) {
    const { rolls } = history.witness;
    await history.clock.advance(LOOK_AGAIN_MS);
    const isUnblocked = unblock(history);
    problems = unexplained(history);
    if (problems.length === 0 && !isUnblocked && history.witness.rolls === rolls) return [];
  }
  for (const problem of problems) history.say(`PROBLEM ${problem}`);
  return problems;
}

/** Between two happenings: a random time, or until Swarm is replacing tasks, when most can go wrong. */
async function pause({ random, clock, swarm }: History): Promise<void> {
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
