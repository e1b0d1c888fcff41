// `npm run soak -- --minutes N [--seed S] [--rate CALLS]`: runs the plugin under load for a long time, in a sandbox, on the
// engine that SWARM_ENGINE names.
import { fileURLToPath } from 'node:url';
import { runInSandbox } from '../sandbox/sandbox.mjs';
import { root } from './project.mjs';
import { prepareSwarm } from './swarm.mjs';

const main = fileURLToPath(new URL('../src/soak/main.ts', import.meta.url));

/** Runs the soak; resolves to the exit code. */
export async function soak(args) {
  const env = await prepareSwarm();
  return runInSandbox('node', ['--conditions=@vault-swarm/source', main, ...args], { cwd: root, env });
}
