// `npm run bench -- [NAME…] [--latency MS,…] [--json FILE|-] [--quick]`: the benchmarks. They need a Vault and no engine,
// and so no box; the rotation's needs both.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { runInBox } from '../box/box.mjs';
import { bundle, install, projectEnv } from './project.mjs';
import { SetupError, sayOnStderr } from './step.mjs';
import { prepareSwarm } from './swarm.mjs';
import { prepareVault } from './tests.mjs';

const main = fileURLToPath(new URL('../src/bench/main.ts', import.meta.url));
const deadlineMs = 60 * 60_000;

/** Measures; resolves to the exit code. */
export async function bench(args) {
  // Stdout is for the tables, or the figures.
  sayOnStderr();
  const command = ['--conditions=@vault-swarm/source', main, ...args];
  if (args.includes('rotation')) return runInBox('node', command, { env: await prepareSwarm(), deadlineMs });
  await install();
  await bundle();
  const { vault, problem } = await prepareVault();
  if (problem !== undefined) throw new SetupError(problem);
  const env = { ...projectEnv(), VAULT_BIN: vault ?? process.env.VAULT_BIN };
  const child = spawn('node', command, { env, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const [code] = await once(child, 'close');
  return code ?? 1;
}
