import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  importProgramImage,
  type OwnEngine,
  type PluginProcess,
  startPlugin,
  startSwarm,
  tempDirectory,
  waitFor,
} from '@vault-swarm/lab';
import { fillIn, openDocument } from '@vault-swarm/lab/documents';
import { afterAll, beforeAll, expect, test } from 'vitest';

const IN_TIME = 60_000;
const guide = openDocument('docs/monitoring.md', import.meta.filename);

const directory = tempDirectory();
let engine: OwnEngine;
let plugin: PluginProcess;

/** The guide's command that makes the service, less `docker`; its health check comes each second. */
function command(): readonly string[] {
  const text = fillIn(guide.take("As a service's health check", 'sh'), { 'docker service': 'service', '10s': '1s' });
  const words = text.match(/"[^"]*"|[^\s\\]+/g) ?? [];
  return words.map((word) => word.replaceAll('"', ''));
}

/** What the engine says of the health of each container of the service, those that ended too. */
async function healths(): Promise<readonly string[]> {
  const { stdout } = await engine.docker('ps', '--all', '--filter', 'name=vault-swarm-watch', '--format', '{{.ID}}');
  const containers = stdout.split('\n').filter((id) => id !== '');
  return Promise.all(
    containers.map(async (id) => {
      const { State } = (await engine.api('GET', `/containers/${id}/json`)) as {
        State: { Health?: { Status: string } };
      };
      return State.Health?.Status ?? 'none';
    }),
  );
}

const becomes = (status: string) =>
  waitFor(
    async (see) => {
      const now = await healths();
      see(now);
      return now.includes(status);
    },
    { timeoutMs: IN_TIME, what: `a task that is ${status}` },
  );

beforeAll(async () => {
  engine = await startSwarm({ dir: join(directory.path, 'engine') });
  await importProgramImage(engine, { name: 'curlimages/curl:latest', program: 'curl' });
  await mkdir(join(directory.path, 'secrets'));
  await writeFile(join(directory.path, 'secrets/db'), 'value');
  plugin = await startPlugin({
    dir: join(directory.path, 'plugin'),
    // The engine's network is the manager's: the guide's command finds the port there.
    networkPid: engine.networkPid,
    env: {
      PLUGIN_NAME: 'health-check-test',
      DOCKER_HOST: engine.host,
      SECRETS_PROVIDER: 'file',
      FILE_SECRETS_DIR: join(directory.path, 'secrets'),
    },
  });
  await plugin.waitReady();
});

afterAll(async () => {
  await plugin?.kill('SIGKILL');
  await engine?.stop();
  await directory.remove();
});

test("a service with the guide's health check is healthy while the plugin is, and unhealthy when it is gone", async () => {
  const [service = '', create = '', ...rest] = command();
  await engine.dockerBytes(service, create, '--detach', '--no-resolve-image', ...rest);
  await becomes('healthy');
  expect(await healths()).toEqual(['healthy']);
  await plugin.kill('SIGKILL');
  await becomes('unhealthy');
  expect(guide.left()).toEqual([]);
});
