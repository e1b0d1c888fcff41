import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { runSeeds } from '../cli/run-seeds.ts';
import type { HistoryResult } from '../history/run-history.ts';
import type { Mutation } from './mutation.ts';
import { mutations } from './mutations.ts';

/** A mistake is seen within so many histories. */
const MOST = 300;

const run = promisify(execFile);
const here = (file: string) => new URL(file, import.meta.url).pathname;

/** Seeds that fail without any mutation prove nothing. */
const failing: number[] = [];

beforeAll(async () => {
  const onResult = ({ seed, problems }: HistoryResult) => {
    if (problems.length > 0) failing.push(seed);
  };
  await runSeeds({ from: 0, count: MOST, workers: availableParallelism(), onResult });
});

async function findFailure(mutation: Mutation, from: number, most: number): Promise<string> {
  const args = ['--conditions=@vault-swarm/source', '--import', here('./mutate.ts'), here('./find-failure.ts')];
  const env = { ...process.env, MUTATION: JSON.stringify(mutation) };
  const { stdout } = await run('node', [...args, ...[from, most, ...failing].map(String)], { env });
  return stdout;
}

test.concurrent.each(mutations)('histories see a core that $name', async (mutation) => {
  expect(await findFailure(mutation, 0, MOST)).toMatch(/^seed \d+/);
});

test('a mutation whose text is not there is no mutation', async () => {
  const mutation: Mutation = { name: 'is as it is', file: 'rotation/src/plan.ts', from: 'no such text', to: '' };
  await expect(findFailure(mutation, 0, 1)).rejects.toThrow('0 times in rotation/src/plan.ts');
});
