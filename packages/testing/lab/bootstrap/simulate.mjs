// `npm run simulate -- [--leases] [--seeds N] [--from S] | [--leases] --replay SEED`: random runs of the simulated Swarm.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { install, projectEnv } from './project.mjs';

const main = fileURLToPath(new URL('../../simulation/src/cli/main.ts', import.meta.url));

export async function simulate(args) {
  await install();
  const command = ['--conditions=@vault-swarm/source', main, ...args];
  const child = spawn('node', command, { env: projectEnv(), stdio: 'inherit' });
  const [code] = await once(child, 'close');
  return code ?? 1;
}
