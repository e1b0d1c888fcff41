import { createService, labImage, OneManager, runningTasks, tempDirectory, waitFor } from '@vault-swarm/lab';
import { afterAll, beforeAll, expect, test } from 'vitest';

const REPLICAS = 4;
const IN_TIME = 150_000;
const SAMPLE_MS = 100;

const directory = tempDirectory();
let swarm: OneManager;

/** Waits until the plugin's problem with a service or a secret has these words. */
async function says(list: 'services' | 'secrets', name: string, words: string): Promise<void> {
  await waitFor(
    async (see) => {
      const page = (await swarm.ask(`/api/v1/${list}?search=${name}`)) as Record<
        string,
        readonly { readonly problem: { readonly message: string } | null }[]
      >;
      see(page);
      return page[list]?.some(({ problem }) => problem?.message.includes(words) === true) === true;
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
      fewest = Math.min(fewest, (await runningTasks(swarm.engine, service)).length);
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

beforeAll(async () => {
  swarm = await OneManager.start({ dir: directory.path, driver: 'no-harm-test', timeoutMs: IN_TIME });
  const secrets = ['changed', 'deleted', 'certificate'];
  for (const path of secrets) await swarm.write(path, 'value-1');
  await swarm.startPlugin();
  for (const name of secrets) await swarm.createSecret(name);
});

afterAll(async () => {
  await swarm?.stop();
  await directory.remove();
});

test.concurrent('a service one of whose secrets was deleted keeps all of its tasks when another changes, until the value is back', {
  timeout: 400_000,
}, async () => {
  await createService(swarm.engine, { name: 'sibling', replicas: REPLICAS, secrets: ['changed', 'deleted'] });
  await swarm.reaches('sibling', 'changed', REPLICAS, 'value-1');
  const running = watchRunning('sibling');
  await swarm.vault.request('DELETE', 'secret/metadata/deleted');
  await says('secrets', 'deleted', 'deleted');
  await swarm.write('changed', 'value-2');
  await says('services', 'sibling', 'its secret deleted to have a value');
  expect(await swarm.generation('sibling')).toBe(0);
  expect(await running.fewest()).toBe(REPLICAS);
  await swarm.write('deleted', 'value-1');
  await swarm.reaches('sibling', 'changed', REPLICAS, 'value-2');
  expect(await swarm.generation('sibling')).toBe(1);
});

test.concurrent('a rollout whose image is gone is not pushed on: the tasks that run stay, and it goes on when the image is back', {
  timeout: 400_000,
}, async () => {
  const image = 'no-harm:1';
  await swarm.engine.dockerBytes('tag', labImage, image);
  const updateConfig = { order: 'start-first', failureAction: 'pause' } as const;
  const flags = ['--restart-delay', '1s'];
  await createService(swarm.engine, {
    name: 'gone',
    replicas: REPLICAS,
    secrets: ['certificate'],
    image,
    updateConfig,
    flags,
  });
  await swarm.reaches('gone', 'certificate', REPLICAS, 'value-1');
  await swarm.engine.dockerBytes('rmi', '--no-prune', image);
  const running = watchRunning('gone');
  await swarm.write('certificate', 'value-2');
  await says('services', 'gone', 'waits for the tasks of its paused update to run');
  expect(await running.fewest()).toBe(REPLICAS);
  expect(await swarm.generation('gone')).toBe(1);
  await swarm.engine.dockerBytes('tag', labImage, image);
  await swarm.reaches('gone', 'certificate', REPLICAS, 'value-2');
});
