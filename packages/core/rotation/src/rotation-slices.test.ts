import { twoServices } from '@vault-swarm/simulation';
import { expect, test } from 'vitest';

test('a pass lets other work run after each service, and a value that a poll finds meanwhile is rolled out too', async () => {
  const { world, web, worker } = await twoServices({ maxSliceMs: 0 });
  let slices = 0;
  const { after } = world.clock;
  world.clock.after = (delayMs, callback) => {
    if (delayMs === 0) slices += 1;
    return after.call(world.clock, delayMs, callback);
  };
  world.provider.write('db', 'db 2');
  await world.run(500);
  world.provider.write('queue', 'queue 2');
  await world.run(20_000);
  expect(slices).toBeGreaterThan(2 * world.count('reconcile.completed'));
  expect(world.heldText(web, 'db')).toEqual(['db 2', 'db 2', 'db 2']);
  expect(world.heldText(worker, 'queue')).toEqual(['queue 2']);
});
