// What is shown of services on a real Swarm in the situations that matter most.
import { createService, OneManager, tempDirectory, waitFor } from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const IN_TIME = 90_000;

interface ShownService {
  readonly name: string;
  readonly running_tasks: number;
  readonly desired_tasks: number;
  readonly state: { readonly code: string; readonly severity: string; readonly message: string };
}

interface ShownOverview {
  readonly summary: { readonly severity: string; readonly title: string };
  readonly problems: readonly {
    readonly code: string;
    readonly severity: string;
    readonly services: readonly string[];
  }[];
}

const directory = tempDirectory();
let swarm: OneManager;

beforeAll(async () => {
  swarm = await OneManager.start({ dir: directory.path, driver: 'states-test', timeoutMs: IN_TIME });
  await swarm.write('present', 'here');
  await swarm.startPlugin();
  await swarm.createSecret('present');
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(await swarm.describe());
});
afterAll(async () => {
  await swarm?.stop();
  await directory.remove();
});

const overview = async () => (await swarm.ask('/api/v1/overview')) as ShownOverview;

async function becomes(name: string, code: string): Promise<ShownService> {
  return waitFor(
    async (see) => {
      const { services } = (await swarm.ask('/api/v1/services')) as { readonly services: readonly ShownService[] };
      const found = services.find((service) => service.name === name);
      see(found?.state);
      return found?.state.code === code ? found : false;
    },
    { timeoutMs: IN_TIME, what: `${name} to be ${code}` },
  );
}

test('a service whose secret is refused has no running task: it is failing, and the secret is the one problem', {
  timeout: 240_000,
}, async () => {
  await swarm.createSecret('missing');
  await createService(swarm.engine, { name: 'starving', replicas: 2, secrets: ['missing'] });
  const shown = await becomes('starving', 'failing');
  expect(shown).toMatchObject({ running_tasks: 0, desired_tasks: 2, state: { severity: 'critical' } });
  expect(shown.state.message).toMatch(/^secret missing has no value: /);
  const { summary, problems } = await overview();
  expect(summary.severity).toBe('critical');
  expect(problems).toMatchObject([{ code: 'SECRET_UNDELIVERABLE', severity: 'critical', services: ['starving'] }]);
  await swarm.write('missing', 'here');
  await swarm.reaches('starving', 'missing', 2, 'here');
  await becomes('starving', 'current');
  expect((await overview()).summary.title).toBe('All is well');
});

test("a service that was rolled back is held back, with the task's own reason", { timeout: 240_000 }, async () => {
  await swarm.write('picky', 'good-1');
  await swarm.createSecret('picky');
  const command = ['sh', '-c', "grep -q ^bad /run/secrets/picky && exit 3; trap 'exit 0' TERM; sleep 100000 & wait"];
  const updateConfig = { monitor: '3s', failureAction: 'rollback' } as const;
  await createService(swarm.engine, { name: 'picky', replicas: 2, secrets: ['picky'], command, updateConfig });
  await swarm.reaches('picky', 'picky', 2, 'good-1');
  await swarm.write('picky', 'bad-2');
  await swarm.happens('quarantine.started', 'picky');
  const { state } = await becomes('picky', 'held-back');
  expect(state.message).toMatch(
    /^picky revision 1, provider has 2 \(quarantined: exit code 3 after \d+ s(, \d+ times)?\)$/,
  );
  await swarm.write('picky', 'good-3');
  await swarm.reaches('picky', 'picky', 2, 'good-3');
  await becomes('picky', 'current');
});

test('a service whose tasks end by themselves is failing, for their own reason', { timeout: 240_000 }, async () => {
  await createService(swarm.engine, {
    name: 'crashing',
    secrets: ['present'],
    command: ['sh', '-c', 'sleep 1; exit 7'],
  });
  const { state } = await becomes('crashing', 'failing');
  expect(state.message).toMatch(/^exit code 7 after \d+ s/);
  await swarm.engine.dockerBytes('service', 'rm', 'crashing');
});
