// `npm run bench -- [NAME…] [--latency MS,…] [--json FILE|-] [--quick]`: the benchmarks. They need a Vault and no engine,
// and so no sandbox; the rotation's needs both. Another plugin (PEER_BIN) is run in a sandbox, since it serves where the machine's own
// engine looks for plugins; unless PEER_SOCKET names another place.
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

/** Measures; resolves to the exit code. */
export async function bench(args) {
  // Stdout is for the tables, or the figures.
  sayOnStderr();
  const command = ['--conditions=@vault-swarm/source', main, ...args];
  if (args.includes('rotation')) {
    const env = await prepareSwarm();
    await buildPlugin();
    return runInSandbox('node', command, { env, deadlineMs });
  }
  const inBox = Boolean(process.env.PEER_BIN) && !process.env.PEER_SOCKET;
  const noBox = inBox ? sandboxProblem() : undefined;
  if (noBox !== undefined)
    throw new SetupError(`the program of PEER_BIN can't be kept apart from this machine: ${noBox}`);
  await install();
  await buildPlugin();
  const { vault, problem } = await prepareVault();
  if (problem !== undefined) throw new SetupError(problem);
  const env = { ...projectEnv(), VAULT_BIN: vault ?? process.env.VAULT_BIN };
  if (inBox) return runInSandbox('node', command, { env, deadlineMs });
  const child = spawn('node', command, { env, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const [code] = await once(child, 'close');
  return code ?? 1;
}
