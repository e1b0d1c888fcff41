import { parseLedger } from '@vault-swarm/rotation/ledger-format';
import { waitFor } from '../process/wait-for.ts';
import type { PluginSwarm } from './plugin-swarm.ts';

const TIMEOUT_MS = 90_000;

/** The expected final state of a service. */
export interface ServiceExpectation {
  readonly name: string;
  readonly replicas: number;
  /** The content of each secret's file, in every task. */
  readonly values: Readonly<Record<string, string>>;
  /** The `ForceUpdate` counter, or the values that are correct. */
  readonly generation: number | readonly number[];
}

/** The expected final state of a scenario. */
export interface FinalExpectation {
  readonly services: readonly ServiceExpectation[];
  /** Events of level `error` that the scenario causes. Any other fails the check. */
  readonly explained?: readonly string[];
}

/**
 * Checks the end of a scenario: every task of every service has the right value in its secrets' files. The services were
 * updated as often as expected, and three more passes change nothing. The ledger is valid and has no open rollout. No plugin
 * logged an error that the scenario does not cause.
 *
 * @throws with all that is wrong.
 */
export async function checkFinalState(swarm: PluginSwarm, expected: FinalExpectation): Promise<void> {
  for (const { name, replicas, values } of expected.services) {
    for (const [secret, value] of Object.entries(values)) {
      await swarm.reaches(name, { secret, replicas, value }, TIMEOUT_MS);
    }
  }
  await waitForClosedRollouts(swarm);
  const tasks = await tasksOf(swarm, expected);
  await (await swarm.leadingRunner()).passes(3);

  const problems = unexplained(swarm, expected.explained ?? []);
  if (tasks !== (await tasksOf(swarm, expected))) problems.push('tasks were replaced after the last rollout ended');
  for (const { name, generation } of expected.services) {
    const seen = await swarm.generation(name);
    const right = typeof generation === 'number' ? [generation] : generation;
    if (!right.includes(seen)) problems.push(`${name} is at generation ${seen}, not ${right.join(' or ')}`);
  }
  if (problems.length > 0) throw new Error(`the final state is wrong:\n${problems.join('\n')}`);
}

async function waitForClosedRollouts(swarm: PluginSwarm): Promise<void> {
  await waitFor(
    async (see) => {
      const text = await swarm.ledger();
      see(text);
      const ledger = parseLedger(text);
      return ledger !== null && Object.keys(ledger.services).length === 0;
    },
    { timeoutMs: TIMEOUT_MS, what: 'a ledger without an open rollout' },
  );
}

async function tasksOf(swarm: PluginSwarm, { services }: FinalExpectation): Promise<string> {
  const names = services.map(({ name, values }) => ({ name, secret: Object.keys(values)[0] ?? '' }));
  const held = await Promise.all(names.map(({ name, secret }) => swarm.held(name, secret)));
  return held
    .flat()
    .map(({ task }) => task)
    .sort()
    .join(' ');
}

function unexplained(swarm: PluginSwarm, explained: readonly string[]): string[] {
  return swarm.runners.flatMap((runner) =>
    runner
      .log()
      .filter(({ level, event }) => level === 'error' && !explained.includes(event))
      .map((entry) => `the plugin on ${runner.node.name} logged ${JSON.stringify(entry)}`),
  );
}
