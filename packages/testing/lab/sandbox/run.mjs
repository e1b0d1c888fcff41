// run.mjs COMMAND [ARGUMENT…]: runs one command in a sandbox, for work on tests: `node packages/testing/lab/sandbox/run.mjs vitest run …`
import { runInSandbox, sandboxProblem } from './sandbox.mjs';

const [command, ...args] = process.argv.slice(2);
const problem = command === undefined ? 'usage: run.mjs COMMAND [ARGUMENT…]' : sandboxProblem();
if (problem !== undefined) {
  process.stderr.write(`${problem}\n`);
  process.exit(1);
}
process.exitCode = await runInSandbox(command, args);
