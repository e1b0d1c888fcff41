// `npm run demo`: runs the demo in a sandbox, and makes its dashboard available to the user.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeSandboxDirectory, runInSandbox } from '../sandbox/sandbox.mjs';
import { bundle, install, projectEnv } from './project.mjs';
import { SetupError } from './step.mjs';
import { prepareEngine } from './system.mjs';

const main = fileURLToPath(new URL('../src/demo/main.ts', import.meta.url));

export async function demo(args) {
  if (args.some((arg) => arg !== '--once')) throw new SetupError('usage: npm run demo [-- --once]');
  const command = ['--conditions=@vault-swarm/source', main, ...args];
  if (process.env.DOCKER_HOST) {
    await install();
    await bundle();
    return onTheUsersEngine(command);
  }
  await install();
  const problem = await prepareEngine();
  if (problem !== undefined) {
    throw new SetupError(
      `The demo runs its own Docker Swarm, which is not possible here: ${problem}\n` +
        'To use an existing Swarm manager instead: DOCKER_HOST=unix:///var/run/docker.sock npm run demo',
    );
  }
  await bundle();
  const directory = makeSandboxDirectory();
  const relaySocket = join(directory, 'dashboard.sock');
  const relay = await startRelay(relaySocket);
  try {
    return await runInSandbox('node', command, {
      directory,
      env: { ...projectEnv(), DEMO_RELAY_SOCKET: relaySocket, DEMO_PORT: String(relay.address().port) },
    });
  } finally {
    relay.close();
  }
}

/** Runs without isolation: the plugin's socket is in the machine's own directory. The demo removes all that it created. */
async function onTheUsersEngine(command) {
  const directory = mkdtempSync(join(tmpdir(), 'vault-swarm-demo-'));
  const child = spawn('node', command, { env: { ...projectEnv(), DEMO_DIRECTORY: directory }, stdio: 'inherit' });
  const forward = () => child.kill('SIGTERM');
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, forward);
  const [code] = await once(child, 'close');
  rmSync(directory, { recursive: true, force: true });
  return code ?? 1;
}

/** Forwards connections from the machine's loopback into the sandbox, over a unix socket in a directory that both can access. */
async function startRelay(socketPath) {
  const server = createServer((outside) => {
    const inside = connect(socketPath);
    outside.pipe(inside).pipe(outside);
    outside.on('error', () => inside.destroy());
    inside.on('error', () => outside.destroy());
  });
  for (const port of [8080, 0]) {
    try {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      break;
    } catch (error) {
      if (error.code !== 'EADDRINUSE' || port === 0) throw error;
    }
  }
  server.unref();
  return server;
}
