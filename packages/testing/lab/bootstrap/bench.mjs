// `npm run bench -- [NAME…] [--latency MS,…] [--json FILE|-] [--quick]`: the benchmarks. Most need only a Vault; that of the
// rotation also needs an engine, and so a sandbox. Another plugin (PEER_BIN) also runs in a sandbox, because it would serve where
// the machine's own engine looks for plugins, unless PEER_SOCKET names another path.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { runInSandbox, sandboxProblem } from '../sandbox/sandbox.mjs';
import { buildPlugin, install, projectEnv } from './project.mjs';
import { prepareVault } from './servers.mjs';
import { SetupError, sayOnStderr } from './step.mjs';
import { prepareSwarm } from './swarm.mjs';

const main = fileURLToPath(new URL('../src/bench/main.ts', import.meta.url));
const deadlineMs = 60 * 60_000;

/** Runs the benchmarks. Resolves to the exit code. */
export async function bench(args) {
  // Stdout has only the tables, or the figures.
  sayOnStderr();
  const command = ['--conditions=@vault-swarm/source', main, ...args];
  if (args.includes('rotation')) {
    const env = await prepareSwarm();
    await buildPlugin();
    return runInSandbox('node', command, { env, deadlineMs });
  }
  const inSandbox = Boolean(process.env.PEER_BIN) && !process.env.PEER_SOCKET;
  const problemOfSandbox = inSandbox ? sandboxProblem() : undefined;
  if (problemOfSandbox !== undefined)
    throw new SetupError(`the program of PEER_BIN can't be isolated from this machine: ${problemOfSandbox}`);
  await install();
  await buildPlugin();
  const { vault, problem } = await prepareVault();
  if (problem !== undefined) throw new SetupError(problem);
  const env = { ...projectEnv(), VAULT_BIN: vault ?? process.env.VAULT_BIN };
  if (inSandbox) return runInSandbox('node', command, { env, deadlineMs });
  const child = spawn('node', command, { env, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const [code] = await once(child, 'close');
  return code ?? 1;
}
