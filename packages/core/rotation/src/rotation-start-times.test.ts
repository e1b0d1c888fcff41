import { parseRotationWindow, type StartTimes } from '@vault-swarm/provider';
import { World } from '@vault-swarm/simulation';
import { expect, test } from 'vitest';
import type { RotationSettings } from './ports/rotation-ports.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

function windowOf(text: string): StartTimes['window'] {
  const parsed = parseRotationWindow(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.window;
}

/** A service with two tasks and two secrets, `db` and `key`, on 1 January 2026 at 00:00:02 UTC, a Thursday. */
async function service(
  {
    window = 'always',
    debounceMs = 0,
    ...settings
  }: { window?: string; debounceMs?: number } & Partial<RotationSettings>,
  labels: { readonly db?: Readonly<Record<string, string>>; readonly key?: Readonly<Record<string, string>> } = {},
) {
  const world = new World({ ...settings, startTimes: { window: windowOf(window), debounceMs } });
  const secretIds = (['db', 'key'] as const).map((name) => {
    world.provider.write(name, `${name} 1`);
    return world.swarm.addSecret(name, { vault_path: name, ...labels[name] });
  });
  const id = world.addService('web', 2, secretIds);
  world.start();
  await world.run(2_000);
  return {
    world,
    texts: (secret: 'db' | 'key' = 'db') => world.heldText(id, secret),
    waits: () => world.rotation.status().services[0]?.waitingReason ?? null,
    rotate: () => {
      void world.rotation.rotate({ kind: 'service', name: 'web' }, { signal: new AbortController().signal });
    },
  };
}

test('a change outside of the window waits, says until when, and is rolled out as soon as it opens', async () => {
  const { world, texts, waits } = await service({ window: 'Thu 02:00-05:00', intervalMs: 10 * MINUTE_MS });
  world.provider.write('db', 'db 2');
  await world.run(HOUR_MS);
  expect(waits()).toEqual({
    code: 'WINDOW_CLOSED',
    message: 'waits for the rotation window of db, which opens at 2026-01-01 02:00 UTC',
  });
  // It is no problem, and nobody is polled or planned for more often than otherwise.
  expect(world.rotation.status().problems).toEqual([]);
  expect(world.count('reconcile.completed')).toBeLessThan(15);
  await world.run(HOUR_MS - 3_000);
  expect(texts()).toEqual(['db 1', 'db 1']);
  await world.run(MINUTE_MS);
  expect(texts()).toEqual(['db 2', 'db 2']);
  expect(waits()).toBeNull();
});

test('a plan shows the wait, and an operator who requests the rotation does not wait', async () => {
  const { world, texts, rotate } = await service({ window: 'Thu 02:00-05:00' });
  world.provider.write('db', 'db 2');
  await world.run(MINUTE_MS);
  const planning = world.rotation.preview({ kind: 'due' }, { signal: new AbortController().signal });
  await world.run(2_000);
  expect(await planning).toMatchObject([
    { name: 'web', outcome: 'pending', tasks: 2, waitingReason: { code: 'WINDOW_CLOSED' } },
  ]);
  rotate();
  await world.run(MINUTE_MS);
  expect(texts()).toEqual(['db 2', 'db 2']);
});

test('a label replaces the setting', async () => {
  const { world, texts, waits } = await service(
    { window: 'Thu 02:00-05:00', debounceMs: HOUR_MS },
    { db: { rotate_window: 'always', rotate_debounce: '5m' }, key: { rotate_window: 'Mon 04:00-05:00 Europe/Berlin' } },
  );
  world.provider.write('key', 'key 2');
  await world.run(3 * MINUTE_MS);
  expect(waits()?.message).toBe('waits for the rotation window of key, which opens at 2026-01-05 04:00 Europe/Berlin');
  world.provider.write('db', 'db 2');
  await world.run(3 * MINUTE_MS);
  expect(waits()).toMatchObject({ code: 'VALUE_UNSTABLE' });
  await world.run(3 * MINUTE_MS);
  // The tasks that start for one secret get the newest value of the other too.
  expect([texts('db'), texts('key')]).toEqual([Array(2).fill('db 2'), Array(2).fill('key 2')]);
  expect(world.count('rollout.completed')).toBe(1);
});

test('secrets whose windows are never open at the same time both arrive', async () => {
  const { world, texts } = await service(
    {},
    { db: { rotate_window: 'Thu 02:00-03:00' }, key: { rotate_window: 'Thu 05:00-06:00' } },
  );
  world.provider.write('db', 'db 2');
  world.provider.write('key', 'key 2');
  await world.run(3 * HOUR_MS);
  expect([texts('db'), texts('key')]).toEqual([Array(2).fill('db 2'), Array(2).fill('key 2')]);
  world.provider.write('key', 'key 3');
  await world.run(HOUR_MS);
  expect(texts('key')).toEqual(['key 2', 'key 2']);
  await world.run(2 * HOUR_MS);
  expect(texts('key')).toEqual(['key 3', 'key 3']);
});

test('a rollout that has started is completed after the window has closed, and so is its rollback', async () => {
  const { world, texts } = await service({ window: '00:00-00:01; 03:00-03:10', intervalMs: 10_000 });
  // It starts in the last seconds.
  await world.run(45_000);
  world.provider.write('db', 'bad 2');
  await world.until(() => world.count('rollout.started') === 1);
  await world.run(3 * MINUTE_MS);
  expect(world.count('rollback.completed')).toBe(1);
  expect(texts()).toEqual(['db 1', 'db 1']);
  // A newer value is another rotation.
  world.provider.write('db', 'db 3');
  await world.run(HOUR_MS);
  expect(texts()).toEqual(['db 1', 'db 1']);
  await world.run(2 * HOUR_MS);
  expect(texts()).toEqual(['db 3', 'db 3']);
});

test('a leader that dies in a rollout does not leave it half done until the window opens again', async () => {
  const { world, texts } = await service({ window: 'Thu 00:00-00:01', intervalMs: 10_000 });
  await world.run(45_000);
  world.provider.write('db', 'db 2');
  await world.until(() => world.swarm.updates.length === 1);
  world.kill();
  await world.run(2 * MINUTE_MS);
  world.start();
  await world.run(2 * MINUTE_MS);
  expect(texts()).toEqual(['db 2', 'db 2']);
});

test('only a value that has not changed for the debounce is rolled out, and only once', async () => {
  const { world, texts, waits } = await service({ debounceMs: 5 * MINUTE_MS });
  for (const value of ['db 2', 'db 3', 'db 4']) {
    world.provider.write('db', value);
    await world.run(3 * MINUTE_MS);
    expect(texts()).toEqual(['db 1', 'db 1']);
  }
  expect(waits()).toEqual({
    code: 'VALUE_UNSTABLE',
    message: expect.stringMatching(
      /^waits for the new value of db to be unchanged until 2026-01-01T00:11:0\d\.\d{3}Z$/,
    ),
  });
  await world.run(3 * MINUTE_MS);
  expect(texts()).toEqual(['db 4', 'db 4']);
  expect(world.count('rollout.started')).toBe(1);
});

test('a value that is changed back within the debounce restarts nothing', async () => {
  const { world, texts } = await service({ debounceMs: 5 * MINUTE_MS });
  world.provider.write('db', 'db 2');
  await world.run(2 * MINUTE_MS);
  world.provider.write('db', 'db 1');
  await world.run(HOUR_MS);
  expect(texts()).toEqual(['db 1', 'db 1']);
  expect(world.count('rollout.started')).toBe(0);
});

test('a window that opens before the value is stable is of no use: the next one counts', async () => {
  const { world, waits } = await service({ window: 'Thu 02:00-02:10', debounceMs: 3 * HOUR_MS });
  world.provider.write('db', 'db 2');
  await world.run(MINUTE_MS);
  expect(waits()?.message).toBe('waits for the rotation window of db, which opens at 2026-01-08 02:00 UTC');
});

test('a clock that is set back by a day lengthens the wait by no more than the debounce', async () => {
  const { world, texts } = await service({ debounceMs: 5 * MINUTE_MS });
  world.provider.write('db', 'db 2');
  await world.run(2 * MINUTE_MS);
  world.clock.setBack(24 * HOUR_MS);
  await world.run(7 * MINUTE_MS);
  expect(texts()).toEqual(['db 2', 'db 2']);
});
