// The demo changes a secret at its provider, and shows how every task of every service that uses it gets the new value.
// bootstrap/demo.mjs starts it, in a sandbox (VAULT_SWARM_SANDBOX) or on the engine of DOCKER_HOST (with DEMO_DIRECTORY).
import { join } from 'node:path';
import { freePort } from '../process/free-port.ts';
import { waitFor } from '../process/wait-for.ts';
import { type PluginProcess, startPlugin } from '../swarm/plugin-process.ts';
import { runningTasks } from '../swarm/swarm.ts';
import {
  type DemoSwarm,
  deploy,
  rotated,
  SecretFiles,
  services,
  startOwnSwarm,
  useExistingSwarm,
} from './demo-stack.ts';
import { startRelay } from './relay.ts';
import { type Moment, watchValue } from './timeline.ts';

const {
  VAULT_SWARM_SANDBOX: sandbox = '',
  DEMO_DIRECTORY: directory = sandbox,
  DOCKER_HOST: host,
  DEMO_RELAY_SOCKET: relaySocket,
} = process.env;
const once = process.argv.includes('--once');
const say = (line: string) => process.stdout.write(`${line}\n`);

let swarm: DemoSwarm | undefined;
let plugin: PluginProcess | undefined;
let isReady = false; // Before that, the plugin's own error contains its log.
let leaving: Promise<void> | undefined;

/** Stops everything once, however often it is called. */
function leave(): Promise<void> {
  leaving ??= (async () => {
    await plugin?.kill();
    await swarm?.restore();
  })();
  return leaving;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (leaving === undefined) say('\nremoving the demo …');
    leave()
      .catch((error: unknown) => say(String(error)))
      .finally(() => process.exit(130));
  });
}

try {
  await runDemo();
  if (!once) await new Promise(() => setInterval(() => {}, 60_000));
} catch (error) {
  if (leaving === undefined) {
    say(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`);
    if (isReady && plugin !== undefined)
      say(`The plugin's log ends with:\n${plugin.logs().trimEnd().split('\n').slice(-30).join('\n')}`);
    process.exitCode = 1;
  }
}
await leave();

async function runDemo(): Promise<void> {
  const driver = sandbox === '' ? `vault-swarm-demo-${process.pid}` : 'vault-secrets-plugin';
  swarm =
    sandbox === ''
      ? await useExistingSwarm(host ?? '', directory, driver)
      : await startOwnSwarm(join(directory, 'engine'));
  const { engine } = swarm;
  say(
    `1. A Docker Swarm (engine ${engine.version})${sandbox === '' ? '' : ' of its own, isolated from others on this machine'}`,
  );

  const files = new SecretFiles(join(directory, 'secrets'));
  await files.fill();
  const port = await freePort();
  plugin = await startPlugin({
    dir: directory,
    env: {
      PLUGIN_NAME: driver,
      DOCKER_HOST: engine.host,
      SECRETS_PROVIDER: 'file',
      FILE_SECRETS_DIR: files.directory,
      VAULT_ROTATION_INTERVAL: '1s',
      ENABLE_MONITORING: 'true',
      MONITORING_PORT: String(port),
    },
  });
  await plugin.waitReady();
  isReady = true;
  if (relaySocket !== undefined) await startRelay(relaySocket, port);
  say(`2. The plugin, process ${plugin.pid}: secret driver ${driver}, provider file, polling every second`);

  await deploy(swarm, driver);
  for (const { name, replicas } of services) {
    const all = async (see: (state: unknown) => void) => {
      const running = (await runningTasks(engine, name)).length;
      see(`${running} running`);
      return running === replicas;
    };
    await waitFor(all, { timeoutMs: 60_000, what: `${replicas} running tasks of ${name}` });
  }
  say('3. A stack of two services, which run with their secrets:');
  for (const { name, replicas, secrets } of services) say(`     ${name}: ${replicas} × ${secrets.join(', ')}`);

  say(`4. The secret ${rotated} is changed at its provider; nothing else is changed:`);
  const value = await files.change(rotated);
  say('     0.00 s  changed');
  const tasks = services.reduce((sum, { replicas }) => sum + replicas, 0);
  const seconds = await watchValue(engine, { watched: services, secret: rotated, value, timeoutMs: 60_000 }, (moment) =>
    say(`   ${moment.seconds.toFixed(2).padStart(6)} s  ${text(moment)}`),
  );
  say(`5. Done: ${seconds.toFixed(2)} s from the change until all ${tasks} tasks had the new value.`);
  if (once) return;
  say(`
Dashboard:  http://127.0.0.1:${process.env.DEMO_PORT ?? port}/
Command line, in another terminal:
            export VAULT_SWARM_URL=http://127.0.0.1:${process.env.DEMO_PORT ?? port}
            bin/vault-swarm status
            bin/vault-swarm service web
Change a secret (printf adds no newline):
            printf my-new-value > ${join(files.directory, rotated)}
The engine: export DOCKER_HOST=${engine.host}
            docker service ps web
The caches of the demo, about 780 MB, are in ~/.cache/vault-swarm and node_modules; they make the next start fast.
Ctrl-C ends the demo and removes its Swarm.`);
}

function text(moment: Moment): string {
  switch (moment.kind) {
    case 'rollout':
      return `the plugin detected the change and updates ${moment.service}`;
    case 'task':
      return `${moment.task} has the new value`;
    case 'service':
      return `every task of ${moment.service} has it`;
  }
}
