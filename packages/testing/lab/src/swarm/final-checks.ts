import { parseLedger } from '@vault-swarm/rotation';
import { waitFor } from '../process/wait-for.ts';
import type { PluginSwarm } from './plugin-swarm.ts';

const IN_TIME_MS = 90_000;

/** How a service has to be in the end. */
export interface ServiceExpectation {
  readonly name: string;
  readonly replicas: number;
  /** What the file of each secret has, in every task. */
  readonly values: Readonly<Record<string, string>>;
  /** How often it was told to start its tasks again, or the numbers that are right. */
  readonly generation: number | readonly number[];
}

/** How a scenario has to end. */
export interface FinalExpectation {
  readonly services: readonly ServiceExpectation[];
  /** Events of level `error` that the scenario explains; any other is one too many. */
  readonly explained?: readonly string[];
}

/**
 * What holds at the end of every scenario: every task of every service has the right value in its secrets' files; the
 * services were updated as often as expected, which some further passes do not change; the ledger can be read and has
 * nothing open; and no plugin logged an error that the scenario does not explain.
 *
 * @throws with all that does not hold.
 */
export async function checkInTheEnd(swarm: PluginSwarm, expected: FinalExpectation): Promise<void> {
  for (const { name, replicas, values } of expected.services) {
    for (const [secret, value] of Object.entries(values)) {
      await swarm.reaches(name, { secret, replicas, value }, IN_TIME_MS);
    }
  }
  await nothingIsOpen(swarm);
  const tasks = await tasksOf(swarm, expected);
  await (await swarm.leadingRunner()).passes(3);

  const problems = unexplained(swarm, expected.explained ?? []);
  if (tasks !== (await tasksOf(swarm, expected))) problems.push('tasks were replaced after all was done');
  for (const { name, generation } of expected.services) {
    const seen = await swarm.generation(name);
    const right = typeof generation === 'number' ? [generation] : generation;
    if (!right.includes(seen)) problems.push(`${name} is at generation ${seen}, not ${right.join(' or ')}`);
  }
  if (problems.length > 0) throw new Error(`in the end:\n${problems.join('\n')}`);
}

async function nothingIsOpen(swarm: PluginSwarm): Promise<void> {
  await waitFor(
    async (see) => {
      const text = await swarm.ledger();
      see(text);
      const ledger = parseLedger(text);
      return ledger !== null && Object.keys(ledger.services).length === 0;
    },
    { timeoutMs: IN_TIME_MS, what: 'a ledger with nothing open' },
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
