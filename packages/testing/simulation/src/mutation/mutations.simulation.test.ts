import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LeaseRun } from '../lease-run/lease-run.ts';
import { executeRun } from '../run/execute-run.ts';
import { leaseMutations } from './lease-mutations.ts';
import type { Mutation } from './mutation.ts';
import { mutations } from './mutations.ts';

/** A mistake is seen within so many histories. */
const MOST = 300;
const MOST_OF_LEASES = 60;
/** Any change of the core changes histories. So many may be run in vain before the seeds of all mutations are to be set again. */
const MOST_IN_VAIN = 400;

const run = promisify(execFile);
const here = (file: string) => new URL(file, import.meta.url).pathname;
/** The seeds that are to be set, by mutation. */
const moved = new Map<string, number>();
let inVain = 0;
/** Without it, each process would remove the types of the whole core again. */
let compileCache = '';

beforeAll(async () => {
  compileCache = await mkdtemp(join(tmpdir(), 'mutations-'));
});

afterAll(() => rm(compileCache, { recursive: true, force: true }));

/** What the first history that fails under the mutation says. Rejects where none fails. */
async function findFailure(
  mutation: Mutation,
  from: number,
  most: number,
  program = './find-failure.ts',
): Promise<string> {
  const args = ['--conditions=@vault-swarm/source', '--import', here('./mutate.ts'), here(program)];
  const env = { ...process.env, MUTATION: JSON.stringify(mutation), NODE_COMPILE_CACHE: compileCache };
  const { stdout } = await run('node', [...args, String(from), String(most)], { env, timeout: 240_000 });
  return stdout;
}

/** Finds a history that fails for the mutation alone: one that fails without it, too, proves nothing. */
async function expectSeen(
  mutation: Mutation,
  most: number,
  program: string,
  problemsWithout: (seed: number) => Promise<readonly string[]>,
): Promise<void> {
  const { name, seed: first = 0 } = mutation;
  for (let from = first; from < first + most; ) {
    const failure = await findFailure(mutation, from, first + most - from, program);
    const seed = Number(/^seed (\d+)/.exec(failure)?.[1]);
    expect(seed).toBeGreaterThanOrEqual(from);
    if ((await problemsWithout(seed)).length === 0) {
      if (seed !== first) moved.set(name, seed);
      inVain += seed - first;
      return;
    }
    from = seed + 1;
  }
  expect.unreachable('no history fails for the mutation alone');
}

test.concurrent.each(mutations)('histories see a core that $name', async (mutation) => {
  const { kinds } = mutation;
  await expectSeen(mutation, MOST, './find-failure.ts', async (seed) => {
    return (await executeRun({ seed, ...(kinds === undefined ? {} : { kinds }) })).problems;
  });
});

test.concurrent.each(leaseMutations)('histories of leases see a core that $name', async (mutation) => {
  await expectSeen(mutation, MOST_OF_LEASES, './find-lease-failure.ts', async (seed) => {
    return (await new LeaseRun(seed).execute()).problems;
  });
});

test('most mutations have the seed of a history that shows them', () => {
  const seeds = [...moved].map(([name, seed]) => `\n${name}: ${seed}`).join('');
  expect(inVain, `histories were run in vain; set the seeds of these mutations:${seeds}\n`).toBeLessThan(MOST_IN_VAIN);
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
