// find-failure.ts FROM MOST: runs histories until one fails, of the mutation's kinds. Exit code 0 where one did, 2 where none
// of them.
import { executeRun } from '../run/execute-run.ts';
import type { Mutation } from './mutation.ts';

const [from = 0, most = 0] = process.argv.slice(2).map(Number);
const { kinds }: Mutation = JSON.parse(process.env.MUTATION ?? '');
for (let seed = from; seed < from + most; seed++) {
  // The first problem is enough: what follows from it can take long.
  const onViolation = (problem: string) => end(seed, problem);
  try {
    const { problems } = await executeRun({ seed, onViolation, ...(kinds === undefined ? {} : { kinds }) });
    if (problems[0] !== undefined) end(seed, problems[0]);
  } catch (error) {
    end(seed, String(error));
  }
}
process.exitCode = 2;

function end(seed: number, problem: string): void {
  process.stdout.write(`seed ${seed}: ${problem}\n`);
  process.exit(0);
}
