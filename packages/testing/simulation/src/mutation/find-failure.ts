// find-failure.ts FROM MOST: runs histories until one fails, of the mutation's kinds. Exit code 0 where one did, 2 where none
// of them.
import { executeRun } from '../run/execute-run.ts';
import type { Mutation } from './mutation.ts';

const [from = 0, most = 0] = process.argv.slice(2).map(Number);
const { kinds }: Mutation = JSON.parse(process.env.MUTATION ?? '');
process.exitCode = 2;
for (let seed = from; seed < from + most; seed++) {
  const problem = await problemOf(seed);
  if (problem === undefined) continue;
  process.stdout.write(`seed ${seed}: ${problem}\n`);
  process.exitCode = 0;
  break;
}

async function problemOf(seed: number): Promise<string | undefined> {
  try {
    return (await executeRun({ seed, ...(kinds === undefined ? {} : { kinds }) })).problems[0];
  } catch (error) {
    return String(error);
  }
}
