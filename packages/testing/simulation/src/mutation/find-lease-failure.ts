// find-lease-failure.ts FROM MOST: runs histories of leases until one fails. Exit code 0 where one did, 2 where none of them.
import { LeaseRun } from '../lease-run/lease-run.ts';

const [from = 0, most = 0] = process.argv.slice(2).map(Number);
process.exitCode = 2;
for (let seed = from; seed < from + most; seed++) {
  const { problems } = await new LeaseRun(seed).execute();
  const [problem] = problems;
  if (problem === undefined) continue;
  process.stdout.write(`seed ${seed}: ${problem}\n`);
  process.exitCode = 0;
  break;
}
