import { ProviderError } from '@vault-swarm/provider';
import { World } from '@vault-swarm/simulation';
import { expect, test } from 'vitest';

/** A service `web` that uses the secret `db`, whose labels are `labels`. */
async function oneService(labels: Readonly<Record<string, string>> = { vault_path: 'db' }, replicas = 2) {
  const world = new World();
  world.provider.write('db', 'db 1');
  const db = world.swarm.addSecret('db', labels);
  const web = world.addService('web', replicas, [db]);
  world.start();
  await world.run(2_000);
  const status = () => world.rotation.status();
  const state = () => status().services.find(({ name }) => name === 'web')?.state;
  const problems = () => status().problems.map(({ code, severity, services }) => [code, severity, ...services]);
  return { world, db, web, status, state, problems };
}

test('a service whose tasks all run with the current revision is current', async () => {
  const { state, problems } = await oneService();
  expect(state()).toEqual({ code: 'current', severity: 'ok', title: 'Current', message: '' });
  expect(problems()).toEqual([]);
});

test('a service without a running task, because its secret has no value, is failing, and the secret is the cause', async () => {
  const { world, db, state, status, problems } = await oneService();
  world.swarm.setLabels(db, { vault_path: 'gone' });
  world.swarm.addService('api', 1, [db]);
  await world.run(20_000);
  const api = () => status().services.find(({ name }) => name === 'api');
  expect(api()).toMatchObject({
    runningTasks: 0,
    desiredTasks: 1,
    state: {
      code: 'failing',
      severity: 'critical',
      message: expect.stringMatching(/^secret db has no value: there is no such secret$/),
    },
  });
  expect(state()).toMatchObject({
    code: 'at-risk',
    message: expect.stringMatching(/^no new task can start: secret db /),
  });
  // One cause: the services are not listed beside it.
  expect(problems()).toEqual([['SECRET_UNDELIVERABLE', 'critical', 'web', 'api']]);
});

test('secrets with wrong labels name the services that use them, and an action for a secret in use', async () => {
  const { world, db, status } = await oneService();
  world.swarm.setLabels(db, { vault_pth: 'db' });
  await world.run(3_000);
  const { problems, secrets } = status();
  expect(secrets[0]?.services).toEqual(['web']);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatchObject({ code: 'SECRET_UNDELIVERABLE', services: ['web'] });
  expect(problems[0]?.action).toBe(
    'Create a secret with correct labels under another name, and replace it in the service',
  );
});

test('tasks that fail by themselves are the cause: the reason is theirs', async () => {
  const { world, web, state, problems } = await oneService();
  await world.run(40_000);
  world.swarm.setStartFault(web, { kind: 'rejected', reason: 'No such image: web:2', refusesUpdates: false });
  world.swarm.loseTask(web, true);
  await world.run(10_000);
  expect(state()).toMatchObject({
    code: 'degraded',
    message: expect.stringMatching(/^1 of 2 tasks run: .*No such image/),
  });
  world.swarm.loseTask(web, true);
  await world.run(20_000);
  expect(state()).toMatchObject({ code: 'failing', severity: 'critical' });
  expect(problems()).toEqual([['SERVICE_FAILING', 'critical', 'web']]);
  world.swarm.setStartFault(web, null);
  await world.run(60_000);
  expect([state()?.code, problems()]).toEqual(['current', []]);
});

test('a service that was rolled back is held back, and says what it has, what the provider has, and why', async () => {
  const { world, state, status, problems } = await oneService();
  world.provider.write('db', 'bad 2');
  await world.run(90_000);
  expect(state()).toMatchObject({ code: 'held-back', severity: 'warning' });
  expect(state()?.message).toMatch(
    /^db revision v1, provider has v2 \(quarantined: exit code 1 after 1 s(, \d times)?\)$/,
  );
  expect(status().services[0]?.taskRevisions).toEqual([
    {
      secret: 'db',
      providerRevision: 'v2',
      heldBackRevision: 'v1',
      revisions: [{ revision: 'v1', tasks: 2, state: 'held-back' }],
    },
  ]);
  expect(problems()).toEqual([['VALUE_QUARANTINED', 'warning', 'web']]);
});

test('a new value of a secret that is rotated manually waits for a manual rotation', async () => {
  const { world, state, problems } = await oneService({ vault_path: 'db', rotate: 'manual' });
  world.provider.write('db', 'db 2');
  await world.run(5_000);
  expect(state()).toMatchObject({
    title: 'Waiting for a manual rotation',
    severity: 'info',
    message: 'db has a new value',
  });
  expect(problems()).toEqual([]);
});

test('a provider that is down hides what follows from it, and counts the secrets', async () => {
  const { world, status, state, problems } = await oneService();
  world.provider.outage = new ProviderError('UNAVAILABLE', 'connection refused');
  await world.run(5_000);
  expect(problems()).toEqual([['PROVIDER_UNAVAILABLE', 'warning', 'web']]);
  expect(status().problems[0]?.detail).toContain('(1 secret affected)');
  expect(state()?.code).toBe('current');
  const other = world.swarm.addSecret('other', { vault_path: 'other' });
  world.swarm.addService('api', 1, [other]);
  await world.run(20_000);
  expect(problems()).toEqual([['PROVIDER_UNAVAILABLE', 'critical', 'web', 'api']]);
  expect(status().problems[0]?.detail).toContain('(2 secrets affected, 1 without a cached value)');
  expect(status().services.map(({ name, state }) => [name, state.code])).toEqual([
    ['web', 'current'],
    ['api', 'failing'],
  ]);
});

test('a service that is scaled to 0 is stopped, and no problem', async () => {
  const { world, web, state, problems } = await oneService();
  world.swarm.post(web, { replicas: 0 });
  await world.run(5_000);
  expect([state()?.title, problems()]).toEqual(['Scaled to 0', []]);
});

test('the tasks of a service that is not rolled count as outdated while a new process gets no answer of the provider', async () => {
  const { world, state, status } = await oneService({ vault_path: 'db', rotate: 'off' });
  world.provider.write('db', 'db 2');
  await world.run(3_000);
  expect(state()).toMatchObject({ code: 'outdated' });
  world.kill();
  world.provider.outage = new ProviderError('UNAVAILABLE', 'connection refused');
  world.start();
  await world.run(3_000);
  expect(status().services[0]?.outdatedTasks).toBe(2);
});

test('a secret that is not delivered to one service is no problem of another one that gets it', async () => {
  const { world, db, status } = await oneService();
  world.swarm.addService('api', 1, [db]);
  await world.run(3_000);
  const message = 'the last good value is lost';
  world.rotation.refused({ secret: 'db', service: 'web', code: 'UNAVAILABLE', message });
  const { services, problems } = status();
  const codes = services.map(({ name, state }) => [name, state.code]);
  expect(codes).toEqual([
    ['web', 'at-risk'],
    ['api', 'current'],
  ]);
  expect(problems).toMatchObject([{ code: 'SECRET_UNDELIVERABLE', services: ['web'] }]);
});
