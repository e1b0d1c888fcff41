// find-failure.ts FROM MOST [SEED…]: runs histories until one fails, but for the named seeds. Exit code 0 where one did,
// 2 where none of them.
import { runHistory } from '../history/run-history.ts';

const [from = 0, most = 0, ...leftOut] = process.argv.slice(2).map(Number);
process.exitCode = 2;
for (let seed = from; seed < from + most; seed++) {
  const problem = leftOut.includes(seed) ? undefined : await problemOf(seed);
  if (problem === undefined) continue;
  process.stdout.write(`seed ${seed}, after ${seed - from + 1} histories: ${problem}\n`);
  process.exitCode = 0;
  break;
}

async function problemOf(seed: number): Promise<string | undefined> {
  try {
    return (await runHistory({ seed })).problems[0];
  } catch (error) {
    return String(error);
  }
}
