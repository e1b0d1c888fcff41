import { ProviderError } from '@vault-swarm/provider';
import { World } from '@vault-swarm/simulation';
import { expect, test } from 'vitest';
import { refuseRestart } from './manual/forced-restart.ts';
import type { RotateRequest } from './ports/manual-rotation.ts';
import type { Workload } from './ports/orchestrator.ts';

/** A service `web` with the secret `db`, which is rotated on request only, and a job with it. */
async function manualSecret(settings: ConstructorParameters<typeof World>[0] = {}) {
  const world = new World(settings);
  for (const path of ['db', 'unused']) world.provider.write(path, 'value 1');
  const db = world.swarm.addSecret('db', { vault_path: 'db', rotate: 'manual' });
  world.swarm.addSecret('unused', { vault_path: 'unused' });
  const web = world.addService('web', 2, [db]);
  world.addService('nightly', 1, [db], { kind: 'job' });
  world.start();
  await world.run(5_000);
  /** The answer to a request, as `service: outcome`, or the code of the refusal. */
  const ask = async (request: RotateRequest) => {
    const asking = world.rotation.rotate(request, { signal: new AbortController().signal }).then(
      (services) => services.map(({ name, outcome }) => `${name}: ${outcome}`),
      (error) => error.code,
    );
    await world.run(10_000);
    return asking;
  };
  return { world, web, ask };
}

test('rolls a secret that is rotated on request only', async () => {
  const { world, web, ask } = await manualSecret();
  world.provider.write('db', 'value 2');
  await world.run(10_000);
  expect(world.heldText(web, 'db')).toEqual(['value 1', 'value 1']);
  expect(await ask({ kind: 'secret', name: 'db' })).toEqual(['web: scheduled', 'nightly: not-applicable']);
  await world.run(30_000);
  expect(world.heldText(web, 'db')).toEqual(['value 2', 'value 2']);
  expect(world.swarm.updates).toEqual(['web@1']);
  expect(world.swarm.ledgerText).not.toContain('requested');
});

test('is for the value that the provider has when it is asked, though nobody has seen it yet', async () => {
  const { world, web, ask } = await manualSecret({ intervalMs: 60_000 });
  world.provider.write('db', 'value 2');
  expect(await ask({ kind: 'service', name: 'web' })).toEqual(['web: scheduled']);
  await world.run(30_000);
  expect(world.heldText(web, 'db')).toEqual(['value 2', 'value 2']);
});

test('restarts nothing that has the newest value already', async () => {
  const { world, ask } = await manualSecret();
  expect(await ask({ kind: 'service', name: 'web' })).toEqual(['web: up-to-date']);
  expect(await ask({ kind: 'quarantined' })).toEqual([]);
  await world.run(30_000);
  expect(world.swarm.updates).toEqual([]);
});

test('with force, tasks that have the newest value are replaced once, and nothing counts as a rotation', async () => {
  const { world, web, ask } = await manualSecret();
  const before =
    world.swarm
      .snapshot()
      .services.find(({ id }) => id === web)
      ?.tasks.map(({ id }) => id) ?? [];
  expect(await ask({ kind: 'service', name: 'web', force: true })).toEqual(['web: restarted']);
  await world.run(60_000);
  const after = world.swarm.snapshot().services.find(({ id }) => id === web)?.tasks ?? [];
  const running = after.filter(({ state }) => state === 'running');
  expect(running.map(({ id }) => before.includes(id))).toEqual([false, false]);
  expect(world.heldText(web, 'db')).toEqual(['value 1', 'value 1']);
  expect(world.swarm.updates).toEqual(['web@1']);
  expect([world.count('service.restarted'), world.count('rollout.started')]).toEqual([1, 0]);
});

test('with force, outdated tasks get the newest value by an ordinary rollout', async () => {
  const { world, web, ask } = await manualSecret();
  world.provider.write('db', 'value 2');
  expect(await ask({ kind: 'secret', name: 'db', force: true })).toEqual(['web: scheduled', 'nightly: not-applicable']);
  await world.run(30_000);
  expect(world.heldText(web, 'db')).toEqual(['value 2', 'value 2']);
  expect([world.count('service.restarted'), world.count('rollout.completed')]).toEqual([0, 1]);
});

test('with force, a rotation works after it, with a generation of its own', async () => {
  const { world, web, ask } = await manualSecret();
  await ask({ kind: 'service', name: 'web', force: true });
  await world.run(60_000);
  world.provider.write('db', 'value 2');
  await ask({ kind: 'service', name: 'web' });
  await world.run(60_000);
  expect(world.heldText(web, 'db')).toEqual(['value 2', 'value 2']);
  expect(world.swarm.updates).toEqual(['web@1', 'web@2']);
});

test('with force, a service that is being updated is not restarted, and neither is one whose secret has no value', async () => {
  const { world, web, ask } = await manualSecret();
  world.swarm.post(web, { update: { parallelism: 1, monitorMs: 600_000, onFailure: 'pause' } });
  world.swarm.post(web, { generation: 1 });
  await world.run(2_000);
  expect(await ask({ kind: 'service', name: 'web', force: true })).toBe('UNAVAILABLE');
  const other = await manualSecret();
  other.world.provider.delete('db');
  await other.world.run(15_000);
  expect(await other.ask({ kind: 'service', name: 'web', force: true })).toEqual(['web: pending']);
  await other.world.run(30_000);
  expect(other.world.swarm.updates).toEqual([]);
});

test('with force, no more services are restarted for one request than roll at the same time at first', async () => {
  const { world, ask } = await manualSecret();
  const db = world.swarm.snapshot().secrets.find(({ name }) => name === 'db')?.id ?? '';
  for (let index = 0; index < 8; index++) world.addService(`more-${index}`, 1, [db]);
  await world.run(15_000);
  expect(await ask({ kind: 'secret', name: 'db', force: true })).toBe('TOO_MANY_SERVICES');
  expect(world.swarm.updates).toEqual([]);
});

test('with force, a service is not restarted if the access policy would deny its new tasks a secret', async () => {
  const { world, ask } = await manualSecret();
  const db = world.swarm.snapshot().secrets.find(({ name }) => name === 'db')?.id ?? '';
  world.addService('other', 1, [db]);
  await world.run(10_000);
  const rule = { stacks: null, services: ['other'], grant: new Map([['vault', ['**']]]), versions: 'any' } as const;
  world.access.replace({ ...world.access.policy, default: 'deny', rules: [rule] });
  await world.run(10_000);
  expect(await ask({ kind: 'service', name: 'web', force: true })).toBe('UNAVAILABLE');
  expect(await ask({ kind: 'service', name: 'other', force: true })).toEqual(['other: restarted']);
  await world.run(30_000);
  expect(world.swarm.updates).toEqual(['other@1']);
});

test('with force, a service that can not be restarted is reported with those that were', async () => {
  const { world } = await manualSecret();
  const db = world.swarm.snapshot().secrets.find(({ name }) => name === 'db')?.id ?? '';
  world.addService('other', 1, [db]);
  await world.run(10_000);
  world.swarm.rollFaults.push(undefined, 'conflict');
  const { signal } = new AbortController();
  const message = world.rotation.rotate({ kind: 'secret', name: 'db', force: true }, { signal }).catch(String);
  await world.run(10_000);
  expect(await message).toContain('other was changed at the same time; try again. These services are restarting: web');
  expect(world.swarm.updates).toEqual(['web@1']);
});

test('with force, a restart whose outcome is not known is not called a conflict', async () => {
  const { world } = await manualSecret();
  world.swarm.rollFaults.push('unknown-but-applied');
  const { signal } = new AbortController();
  const message = world.rotation.rotate({ kind: 'service', name: 'web', force: true }, { signal }).catch(String);
  await world.run(10_000);
  expect(await message).toContain('whether service web is restarting is not known');
});

test('with force, a service whose update is paused is named as such, since waiting does not help', () => {
  const service = { name: 'web', rollout: { state: 'paused' } } as Workload;
  const ports = { maxServices: 5, undeliverable: () => null, orchestrator: { roll: () => Promise.reject() } };
  expect(() => refuseRestart([{ service, bindings: [] }], ports)).toThrow('the latest update of service web is paused');
});

test('ends when the secret is no longer rotated', async () => {
  const { world, web, ask } = await manualSecret();
  world.provider.write('db', 'value 2');
  world.swarm.post(web, { update: { parallelism: 1, monitorMs: 600_000, onFailure: 'pause' } });
  await world.run(1_000);
  expect(await ask({ kind: 'service', name: 'web' })).toEqual(['web: scheduled']);
  world.swarm.setLabels(world.swarm.services[0]?.spec.secretIds[0] ?? '', { vault_path: 'db', rotate: 'off' });
  await world.run(60_000);
  expect(world.swarm.ledgerText).not.toContain('requested');
});

test('waits for a provider that is away, and is met when it is back', async () => {
  const { world, web, ask } = await manualSecret();
  world.provider.write('db', 'value 2');
  world.kill();
  world.provider.outage = new ProviderError('UNAVAILABLE', 'away');
  world.start();
  await world.run(2_000);
  expect(await ask({ kind: 'service', name: 'web' })).toEqual(['web: pending']);
  world.provider.outage = null;
  await world.run(60_000);
  expect(world.heldText(web, 'db')).toEqual(['value 2', 'value 2']);
  expect(world.swarm.updates).toEqual(['web@1']);
});

test('that is made again during its rollout is for the value that the provider has by then', async () => {
  const { world, web, ask } = await manualSecret();
  world.swarm.post(web, { update: { parallelism: 1, monitorMs: 20_000, onFailure: 'pause' } });
  await world.run(30_000);
  world.provider.write('db', 'value 2');
  expect(await ask({ kind: 'service', name: 'web' })).toEqual(['web: scheduled']);
  world.provider.write('db', 'value 3');
  const answer = await ask({ kind: 'service', name: 'web' });
  world.provider.write('db', 'value 4');
  await world.run(50_000);
  expect(answer).toEqual(['web: scheduled']);
  expect(world.heldText(web, 'db')).toEqual(['value 4', 'value 4']);
  world.provider.write('db', 'value 5');
  await world.run(100_000);
  expect(world.heldText(web, 'db')).toEqual(['value 4', 'value 4']);
  expect(world.swarm.updates).toEqual(['web@1', 'web@2']);
  expect(world.swarm.ledgerText).not.toContain('requested');
});

test('waits while the labels of its secret can not be read', async () => {
  const { world, web, ask } = await manualSecret();
  world.provider.write('db', 'value 2');
  world.kill();
  world.provider.outage = new ProviderError('UNAVAILABLE', 'away');
  world.start();
  await world.run(2_000);
  expect(await ask({ kind: 'service', name: 'web' })).toEqual(['web: pending']);
  const db = world.swarm.services[0]?.spec.secretIds[0] ?? '';
  world.swarm.setLabels(db, { vault_path: 'db', rotate: 'perhaps' });
  await world.run(30_000);
  world.provider.outage = null;
  world.swarm.setLabels(db, { vault_path: 'db', rotate: 'manual' });
  await world.run(60_000);
  expect(world.heldText(web, 'db')).toEqual(['value 2', 'value 2']);
});

test('outlives the process that recorded it', async () => {
  const { world, web, ask } = await manualSecret();
  world.provider.write('db', 'value 2');
  world.swarm.holdUp();
  await ask({ kind: 'service', name: 'web' });
  world.kill();
  world.swarm.goOn();
  world.start();
  await world.run(60_000);
  expect(world.heldText(web, 'db')).toEqual(['value 2', 'value 2']);
});

test('a value that failed is tried once more, and quarantined again', async () => {
  const { world, web, ask } = await manualSecret();
  world.provider.write('db', 'bad 2');
  await ask({ kind: 'service', name: 'web' });
  await world.run(60_000);
  expect([world.count('quarantine.started'), world.heldText(web, 'db')]).toEqual([1, ['value 1', 'value 1']]);
  await ask({ kind: 'quarantined' });
  await world.run(60_000);
  expect(world.events.filter(({ type }) => type === 'quarantine.ended')).toMatchObject([{ reason: 'manual' }]);
  expect([world.count('quarantine.started'), world.heldText(web, 'db')]).toEqual([2, ['value 1', 'value 1']]);
});

test('the preview says which values made tasks fail before', async () => {
  const { world, web } = await manualSecret();
  const { signal } = new AbortController();
  world.provider.write('db', 'bad 2');
  void world.rotation.rotate({ kind: 'service', name: 'web' }, { signal });
  await world.run(60_000);
  expect(world.heldText(web, 'db')).toEqual(['value 1', 'value 1']);
  const preview = world.rotation.preview({ kind: 'service', name: 'web', force: true }, { signal });
  await world.run(10_000);
  const [planned] = await preview;
  expect(planned).toMatchObject({
    outcome: 'scheduled',
    failedBefore: { secrets: ['db'], service: 'web', reason: expect.any(String) },
  });
});

test('releases also a secret that is not rotated and was quarantined with others', async () => {
  const { world, web, ask } = await manualSecret();
  world.provider.write('db', 'bad 2');
  await ask({ kind: 'service', name: 'web' });
  await world.run(60_000);
  const db = world.swarm.snapshot().secrets.find(({ name }) => name === 'db');
  world.swarm.setLabels(db?.id ?? '', { vault_path: 'db', rotate: 'off' });
  await world.run(10_000);
  expect(await ask({ kind: 'secret', name: 'db' })).toEqual(['web: scheduled', 'nightly: not-applicable']);
  await world.run(60_000);
  expect([world.count('quarantine.ended'), world.heldText(web, 'db')]).toEqual([1, ['value 1', 'value 1']]);
});

test.each<[RotateRequest, unknown]>([
  [{ kind: 'secret', name: 'nosuch' }, 'UNKNOWN'],
  [{ kind: 'service', name: 'nosuch' }, 'UNKNOWN'],
  [{ kind: 'secret', name: 'unused' }, []],
])('answers %j with %j', async (request, answer) => {
  const { ask } = await manualSecret();
  expect(await ask(request)).toEqual(answer);
});

test('is refused while the rotation is turned off', async () => {
  const { ask } = await manualSecret({ enabled: false });
  expect(await ask({ kind: 'service', name: 'web' })).toBe('DISABLED');
});
