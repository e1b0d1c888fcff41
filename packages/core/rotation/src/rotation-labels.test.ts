import { World } from '@vault-swarm/simulation';
import { describe, expect, test } from 'vitest';

describe('when the labels of a secret change', () => {
  async function oneService() {
    const world = new World();
    for (const [path, text] of [
      ['old', 'one'],
      ['same', 'one'],
      ['other', 'two'],
    ] as const) {
      world.provider.write(path, text);
    }
    const secret = world.swarm.addSecret('db', { vault_path: 'old' });
    const service = world.addService('web', 2, [secret]);
    world.start();
    await world.run(2_000);
    return { world, secret, service };
  }

  test.each([false, true])(
    'rolls the services if they lead to another value (restarted meanwhile: %s)',
    async (restarted) => {
      const { world, secret, service } = await oneService();
      if (restarted) world.kill();
      world.swarm.setLabels(secret, { vault_path: 'other' });
      if (restarted) world.start();
      await world.run(10_000);
      expect(world.heldText(service, 'db')).toEqual(['two', 'two']);
      expect(world.swarm.updates).toEqual(['web@1']);
    },
  );

  test.each([false, true])(
    'rolls nothing if they lead to the same value (restarted meanwhile: %s)',
    async (restarted) => {
      const { world, secret } = await oneService();
      world.provider.write('old', 'two');
      await world.run(10_000);
      const before = [...world.swarm.updates];
      if (restarted) world.kill();
      world.swarm.setLabels(secret, { vault_path: 'other' });
      if (restarted) world.start();
      await world.run(10_000);
      expect(world.swarm.updates).toEqual(before);
    },
  );

  test('rolls nothing while they are wrong, and then what changed meanwhile', async () => {
    const { world, secret, service } = await oneService();
    world.swarm.setLabels(secret, { vault_pth: 'old' });
    await world.run(5_000);
    expect(world.rotation.status().secrets[0]?.problem).toEqual({
      code: 'INVALID_REF',
      message: expect.stringContaining('"vault_pth"'),
    });
    world.provider.write('old', 'three');
    world.kill();
    world.start();
    await world.run(5_000);
    expect(world.swarm.updates).toEqual([]);
    world.swarm.setLabels(secret, { vault_path: 'old' });
    await world.run(10_000);
    expect(world.heldText(service, 'db')).toEqual(['three', 'three']);
    expect(world.swarm.updates).toEqual(['web@1']);
  });
});

test('options of a driver, which no driver is given, are a problem, and a warning once for the same secrets', async () => {
  const world = new World();
  world.provider.write('web/db', 'one');
  const secret = world.swarm.addSecret('db', {}, { driverOptions: ['vault_path'] });
  world.addService('web', 1, [secret]);
  world.start();
  await world.run(5_000);
  const message = 'the driver is not given the options vault_path of db';
  expect(world.rotation.status().problems).toMatchObject([
    { code: 'SECRET_OPTIONS_IGNORED', severity: 'info', detail: `Options of a secret have no effect: ${message}` },
  ]);
  expect(world.events.filter(({ type }) => type === 'plugin.warning')).toMatchObject([
    { message: `${message}; create the secrets again with labels instead` },
  ]);
});

test('a value stays quarantined if a path label is added that names the default path, though the ledger is not written', async () => {
  const world = new World();
  world.provider.write('web/db', 'one');
  const secret = world.swarm.addSecret('db', {});
  const service = world.addService('web', 2, [secret]);
  world.start();
  await world.run(2_000);
  world.provider.write('web/db', 'bad');
  await world.run(120_000);
  expect(world.count('quarantine.started')).toBe(1);
  world.kill();
  Object.assign(world.settings, { enabled: false });
  world.swarm.setLabels(secret, { vault_path: 'web/db' });
  world.start();
  await world.run(5_000);
  world.swarm.loseTask(service, true);
  await world.run(20_000);
  expect(world.heldText(service, 'db')).toEqual(['one', 'one']);
});
