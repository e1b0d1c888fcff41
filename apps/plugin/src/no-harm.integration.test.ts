import { join } from 'node:path';
import {
  createDriverSecret,
  createService,
  everyTaskHolds,
  freePort,
  labImage,
  type OwnEngine,
  type PluginProcess,
  runningTasks,
  startPlugin,
  startSwarm,
  startVault,
  tempFolder,
  type Vault,
  waitFor,
} from '@vault-swarm/lab';
import { afterAll, beforeAll, expect, test } from 'vitest';

const DRIVER = 'no-harm-test';
const REPLICAS = 4;
const IN_TIME = 150_000;
const SAMPLE_MS = 100;

const folder = tempFolder();
let engine: OwnEngine;
let vault: Vault;
let plugin: PluginProcess;
let port: number;

const write = (path: string, password: string) => vault.request('POST', `secret/data/${path}`, { data: { password } });

const reaches = (service: string, secret: string, value: string) =>
  everyTaskHolds(engine, { service, secret, replicas: REPLICAS, value, timeoutMs: IN_TIME });

/** Waits until the plugin's problem with a service or a secret has these words. */
async function says(list: 'services' | 'secrets', name: string, words: string): Promise<void> {
  await waitFor(
    async (see) => {
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/${list}?search=${name}`);
      const page = (await answer.json()) as Record<string, readonly { readonly problem: string | null }[]>;
      see(page);
      return page[list]?.some(({ problem }) => problem?.includes(words) === true) === true;
    },
    { timeoutMs: IN_TIME, what: `the problem "${words}" of ${name}` },
  );
}

/** Counts a service's running tasks again and again, until it is asked for the lowest number. */
function watchRunning(service: string): { readonly fewest: () => Promise<number> } {
  const stopping = new AbortController();
  const sampling = (async () => {
    let fewest = Number.POSITIVE_INFINITY;
    while (!stopping.signal.aborted) {
      fewest = Math.min(fewest, (await runningTasks(engine, service)).length);
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    }
    return fewest;
  })();
  return {
    fewest: () => {
      stopping.abort();
      return sampling;
    },
  };
}

async function generation(service: string): Promise<number> {
  const { Spec } = (await engine.api('GET', `/services/${service}`)) as {
    readonly Spec: { readonly TaskTemplate: { readonly ForceUpdate?: number } };
  };
  return Spec.TaskTemplate.ForceUpdate ?? 0;
}

beforeAll(async () => {
  [engine, vault, port] = await Promise.all([
    startSwarm({ dir: join(folder.path, 'engine') }),
    startVault({ dir: join(folder.path, 'vault') }),
    freePort(),
  ]);
  for (const path of ['changed', 'deleted', 'certificate']) await write(path, 'value-1');
  const env = {
    PLUGIN_NAME: DRIVER,
    DOCKER_HOST: engine.host,
    SECRETS_PROVIDER: 'vault',
    VAULT_ADDR: vault.addr,
    VAULT_TOKEN: vault.rootToken,
    VAULT_ROTATION_INTERVAL: '1s',
    MONITORING_PORT: String(port),
  };
  plugin = await startPlugin({ env, dir: join(folder.path, 'plugin') });
  await plugin.waitReady();
  for (const name of ['changed', 'deleted', 'certificate']) {
    await createDriverSecret(engine, { name, driver: DRIVER, labels: { vault_path: name, vault_field: 'password' } });
  }
});

afterAll(async () => {
  await plugin?.kill('SIGTERM');
  await Promise.all([engine?.stop(), vault?.stop()]);
  await folder.remove();
});

test.concurrent('a service one of whose secrets was deleted keeps all of its tasks when another changes, until the value is back', {
  timeout: 400_000,
}, async () => {
  await createService(engine, { name: 'sibling', replicas: REPLICAS, secrets: ['changed', 'deleted'] });
  await reaches('sibling', 'changed', 'value-1');
  const running = watchRunning('sibling');
  await vault.request('DELETE', 'secret/metadata/deleted');
  await says('secrets', 'deleted', 'deleted');
  await write('changed', 'value-2');
  await says('services', 'sibling', 'its secret deleted to have a value');
  expect(await generation('sibling')).toBe(0);
  expect(await running.fewest()).toBe(REPLICAS);
  await write('deleted', 'value-1');
  await reaches('sibling', 'changed', 'value-2');
  expect(await generation('sibling')).toBe(1);
});

test.concurrent('a rollout whose image is gone is not pushed on: the tasks that run stay, and it goes on when the image is back', {
  timeout: 400_000,
}, async () => {
  const image = 'no-harm:1';
  await engine.dockerBytes('tag', labImage, image);
  const updateConfig = { order: 'start-first', failureAction: 'pause' } as const;
  const flags = ['--restart-delay', '1s'];
  await createService(engine, {
    name: 'gone',
    replicas: REPLICAS,
    secrets: ['certificate'],
    image,
    updateConfig,
    flags,
  });
  await reaches('gone', 'certificate', 'value-1');
  await engine.dockerBytes('rmi', '--no-prune', image);
  const running = watchRunning('gone');
  await write('certificate', 'value-2');
  await says('services', 'gone', 'waits for the tasks of its paused update to run');
  expect(await running.fewest()).toBe(REPLICAS);
  expect(await generation('gone')).toBe(1);
  await engine.dockerBytes('tag', labImage, image);
  await reaches('gone', 'certificate', 'value-2');
});
