// `npm run fuzz -- [--inputs N] [FILE…]`: N random inputs (100,000 if not given) for each property of the *.fuzz.test.ts files.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { install, projectEnv, root } from './project.mjs';
import { SetupError } from './step.mjs';

/** Runs the fuzz tests. Resolves to the exit code. */
export async function fuzz(args) {
  const options = { inputs: { type: 'string', default: '100000' } };
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  if (!/^[1-9]\d{0,9}$/.test(values.inputs)) throw new SetupError(`--inputs ${values.inputs}: must be a whole number`);
  await install();
  const env = { ...projectEnv(), FUZZ_INPUTS: values.inputs };
  const command = ['run', '--project', 'fuzz', '--reporter=verbose', ...positionals];
  const child = spawn('vitest', command, { cwd: root, env, stdio: 'inherit' });
  const [code] = await once(child, 'close');
  return code ?? 1;
}
