import { World } from '@vault-swarm/simulation';
import { expect, test } from 'vitest';

/** A pass pauses after each service for this long. Polls and deliveries come meanwhile. */
const PAUSE_MS = 300;

/** Services of which one uses a user name and its password, and the others only the user name. */
async function slicedPasses() {
  const world = new World({ maxSliceMs: 0 });
  const { clock } = world;
  const { after } = clock;
  let pauses = 0;
  clock.after = (delayMs, callback) => {
    if (delayMs === 0) pauses += 1;
    return after.call(clock, delayMs === 0 ? PAUSE_MS : delayMs, callback);
  };
  const write = (count: number) => {
    for (const path of ['user', 'password']) world.provider.write(path, `${path} ${count}`);
  };
  write(0);
  const [user, password] = ['user', 'password'].map((path) => world.swarm.addSecret(path, { vault_path: path })) as [
    string,
    string,
  ];
  for (const name of ['one', 'two', 'three']) world.addService(name, 1, [user]);
  const web = world.addService('web', 1, [user, password]);
  world.start();
  await world.run(20_000);
  return { world, web, write, pauses: () => pauses };
}

test('a pass lets other work run between its services', async () => {
  const { world, pauses } = await slicedPasses();
  const [before, passes] = [pauses(), world.count('reconcile.completed')];
  await world.run(60_000);
  expect(pauses() - before).toBeGreaterThanOrEqual(4 * (world.count('reconcile.completed') - passes));
});

test('no task gets values of two polls, whenever a poll ends during a pass', async () => {
  const { world, web, write } = await slicedPasses();
  const pairs = new Set<string>();
  for (let count = 1; count <= 60; count++) {
    write(count);
    for (let step = 0; step < 10; step++) {
      await world.run(473);
      const [user] = world.heldText(web, 'user');
      const [password] = world.heldText(web, 'password');
      if (user !== undefined) pairs.add(`${user}, ${password}`);
    }
  }
  const mixed = [...pairs].filter((pair) => !/^user (\d+), password \1$/.test(pair));
  expect(mixed).toEqual([]);
  expect(pairs.size).toBeGreaterThan(5);
});
