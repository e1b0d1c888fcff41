import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { LeaseRun } from '../lease-run/lease-run.ts';
import { executeRun } from '../run/execute-run.ts';
import { leaseMutations } from './lease-mutations.ts';
import type { Mutation } from './mutation.ts';
import { mutations } from './mutations.ts';

/** A mistake is seen within so many histories. */
const MOST = 300;
const MOST_OF_LEASES = 60;

const run = promisify(execFile);
const here = (file: string) => new URL(file, import.meta.url).pathname;

/** What the first history that fails under the mutation says. Rejects where none fails. */
async function findFailure(
  mutation: Mutation,
  from: number,
  most: number,
  program = './find-failure.ts',
): Promise<string> {
  const args = ['--conditions=@vault-swarm/source', '--import', here('./mutate.ts'), here(program)];
  const env = { ...process.env, MUTATION: JSON.stringify(mutation) };
  const { stdout } = await run('node', [...args, String(from), String(most)], { env, timeout: 240_000 });
  return stdout;
}

test.each(mutations)('histories see a core that $name', async (mutation) => {
  const { kinds, firstSeed = 0 } = mutation;
  for (let from = firstSeed; from < firstSeed + MOST; ) {
    const failure = await findFailure(mutation, from, firstSeed + MOST - from);
    const seed = Number(/^seed (\d+)/.exec(failure)?.[1]);
    expect(seed).toBeGreaterThanOrEqual(from);
    // One that fails without the mutation, too, proves nothing.
    const { problems } = await executeRun({ seed, ...(kinds === undefined ? {} : { kinds }) });
    if (problems.length === 0) return;
    from = seed + 1;
  }
  expect.unreachable('no history fails for the mutation alone');
});

test.each(leaseMutations)('histories of leases see a core that $name', async (mutation) => {
  const failure = await findFailure(mutation, 0, MOST_OF_LEASES, './find-lease-failure.ts');
  const seed = Number(/^seed (\d+)/.exec(failure)?.[1]);
  // One that fails without the mutation, too, proves nothing.
  expect((await new LeaseRun(seed).execute()).problems).toEqual([]);
});

test('a mutation whose text is not there is no mutation', async () => {
  const mutation: Mutation = {
    name: 'is as it is',
    file: 'rotation/src/planner/plan.ts',
    from: 'no such text',
    to: '',
  };
  await expect(findFailure(mutation, 0, 1)).rejects.toThrow('0 times in rotation/src/planner/plan.ts');
});
