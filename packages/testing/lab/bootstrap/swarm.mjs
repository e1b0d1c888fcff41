// `npm run test:swarm`: runs the tests on Swarms of three managers, on the engine that SWARM_ENGINE names. They take an hour,
// so `npm test` does not include them.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runInSandbox } from '../sandbox/sandbox.mjs';
import { buildPlugin, bundle, install, projectEnv, root } from './project.mjs';
import { prepareVault } from './servers.mjs';
import { commandStep, SetupError } from './step.mjs';
import { prepareEngine, preparePostgres } from './system.mjs';

const engines = ['debian', 'current'];
const deadlineMs = 120 * 60_000;

/** Runs all tests, or with arguments for vitest some of them. Resolves to the exit code. */
export async function testSwarm(args) {
  const env = await prepareSwarm();
  const postgresProblem = await preparePostgres();
  if (postgresProblem !== undefined) throw new SetupError(postgresProblem);
  await buildPlugin();
  const vitest = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'swarm', ...args];
  return runInSandbox('node', vitest, { cwd: root, env, deadlineMs });
}

/** Prepares commands that run on the engine of SWARM_ENGINE. Resolves to their environment. */
export async function prepareSwarm() {
  const engine = process.env.SWARM_ENGINE || 'debian';
  if (!engines.includes(engine)) throw new SetupError(`SWARM_ENGINE=${engine}: it must be ${engines.join(' or ')}`);
  await install();
  await bundle();
  const engineProblem = await prepareEngine();
  const { vault, problem: vaultProblem } = await prepareVault();
  const problems = [engineProblem, vaultProblem].filter((problem) => problem !== undefined);
  if (problems.length > 0) throw new SetupError(problems.join('\n'));
  const env = { ...projectEnv(), VAULT_BIN: vault ?? process.env.VAULT_BIN, SWARM_ENGINE: engine };
  if (engine === 'current') {
    const script = fileURLToPath(new URL('./engine-path.mjs', import.meta.url));
    const command = ['--conditions=@vault-swarm/source', script];
    env.SWARM_DOCKERD = await commandStep('finding a current engine', 'node', command, { env, show: true });
  }
  return env;
}
