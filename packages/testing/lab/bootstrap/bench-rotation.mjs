// `npm run bench:rotation`: the measurement of a rotation, in a box, on the engine that SWARM_ENGINE names.
import { fileURLToPath } from 'node:url';
import { runInBox } from '../box/box.mjs';
import { root } from './project.mjs';
import { SetupError } from './step.mjs';
import { prepareSwarm } from './swarm.mjs';

const main = fileURLToPath(new URL('../src/bench/rotation.ts', import.meta.url));
const deadlineMs = 30 * 60_000;

/** Measures; resolves to the exit code. */
export async function benchRotation(args) {
  if (args.length > 0) throw new SetupError('usage: npm run bench:rotation');
  const env = await prepareSwarm();
  return runInBox('node', ['--conditions=@vault-swarm/source', main], { cwd: root, env, deadlineMs });
}
