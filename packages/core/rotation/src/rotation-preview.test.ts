import { ProviderError } from '@vault-swarm/provider';
import { World } from '@vault-swarm/simulation';
import { expect, test } from 'vitest';
import type { PreviewRequest } from './ports/manual-rotation.ts';

/** A service `web` with the secret `db`, which is rotated on request only, a job with it, and a service `api` with `key`. */
async function threeServices(settings: ConstructorParameters<typeof World>[0] = {}) {
  const world = new World({ intervalMs: 60_000, ...settings });
  for (const path of ['db', 'key']) world.provider.write(path, 'value 1');
  const db = world.swarm.addSecret('db', { vault_path: 'db', rotate: 'manual' });
  const key = world.swarm.addSecret('key', { vault_path: 'key' });
  const web = world.addService('web', 2, [db]);
  world.addService('nightly', 1, [db], { kind: 'job' });
  const api = world.addService('api', 3, [key]);
  world.start();
  await world.run(5_000);
  /** A preview, a line for each service, or the code of the refusal. */
  const preview = async (request: PreviewRequest) => {
    const asking = world.rotation.preview(request, { signal: new AbortController().signal }).then(
      (services) =>
        services.map(
          ({ name, secrets, outcome, tasks, waitingReason }) =>
            `${name} ${outcome}: ${tasks} tasks for ${secrets}${waitingReason === null ? '' : `, ${waitingReason.message}`}`,
        ),
      (error) => error.code,
    );
    await world.run(4_000);
    return asking;
  };
  return { world, web, api, preview };
}

test('tells which tasks a request would replace, and does nothing', async () => {
  const { world, preview } = await threeServices();
  world.provider.write('db', 'value 2');
  const before = world.swarm.ledgerWrites;
  expect(await preview({ kind: 'secret', name: 'db' })).toEqual([
    'web scheduled: 2 tasks for db',
    'nightly not-applicable: 0 tasks for db',
  ]);
  await world.run(30_000);
  expect(world.swarm.updates).toEqual([]);
  expect(world.swarm.ledgerText).not.toContain('requested');
  // The poll found the value, which the ledger notes as ever.
  expect(world.swarm.ledgerWrites - before).toBeLessThanOrEqual(1);
});

test('says that there is nothing to do if the tasks have the newest value', async () => {
  const { preview } = await threeServices();
  expect(await preview({ kind: 'service', name: 'web' })).toEqual(['web up-to-date: 0 tasks for db']);
  expect(await preview({ kind: 'due' })).toEqual([]);
});

test('tells what is due without a request, and how much of it is left', async () => {
  const { world, api, preview } = await threeServices();
  world.provider.write('key', 'value 2');
  world.provider.write('db', 'value 2');
  world.swarm.holdUp();
  expect(await preview({ kind: 'due' })).toEqual(['api scheduled: 3 tasks for key']);
  world.swarm.goOn();
  await world.until(() => world.held(api, 'key').includes('v2'));
  world.swarm.holdUp();
  // The second is stopped as soon as the first runs, and its successor is made.
  expect(await preview({ kind: 'due' })).toEqual(['api scheduled: 1 tasks for key']);
});

test('says what a service would wait for', async () => {
  const policy = { maxParallel: 1, maxParallelLimit: 1, stuckAfterMs: 600_000, onFailure: 'rollback' } as const;
  const { world, preview } = await threeServices({ policy });
  world.provider.write('db', 'value 2');
  world.provider.write('key', 'value 2');
  world.swarm.holdUp();
  await preview({ kind: 'due' });
  await world.run(2_000);
  expect(await preview({ kind: 'service', name: 'web' })).toEqual([
    'web scheduled: 2 tasks for db, waits for other services to finish',
  ]);
});

test('says that a provider which is away is waited for', async () => {
  const { world, preview } = await threeServices();
  world.kill();
  world.provider.outage = new ProviderError('UNAVAILABLE', 'away');
  world.start();
  await world.run(2_000);
  expect(await preview({ kind: 'service', name: 'web' })).toEqual([
    'web pending: 0 tasks for db, waits for its newest values to be read',
  ]);
});

test('a quarantined value would be tried again', async () => {
  const { world, api, preview } = await threeServices({ intervalMs: 1_000 });
  world.provider.write('key', 'bad 2');
  await world.run(60_000);
  expect([world.count('quarantine.started'), world.heldText(api, 'key')]).toEqual([1, Array(3).fill('value 1')]);
  expect(await preview({ kind: 'due' })).toEqual([]);
  expect(await preview({ kind: 'quarantined' })).toEqual(['api scheduled: 3 tasks for key']);
  await world.run(10_000);
  expect(world.count('quarantine.ended')).toBe(0);
});

test.each<[PreviewRequest, string]>([
  [{ kind: 'secret', name: 'nosuch' }, 'UNKNOWN'],
  [{ kind: 'service', name: 'nosuch' }, 'UNKNOWN'],
])('refuses %j as %s, as the request itself is', async (request, code) => {
  const { preview } = await threeServices();
  expect(await preview(request)).toBe(code);
});

test('is refused while the rotation is turned off, while Docker does not answer, and on a worker', async () => {
  const { preview } = await threeServices({ enabled: false });
  expect(await preview({ kind: 'due' })).toBe('DISABLED');
  const { world, preview: previewNow } = await threeServices();
  world.swarm.outage = new Error('no answer');
  expect(await previewNow({ kind: 'due' })).toBe('UNAVAILABLE');
  world.swarm.outage = null;
  world.swarm.currentRole = 'worker';
  expect(await previewNow({ kind: 'due' })).toBe('UNAVAILABLE');
});
