import { EventBus } from '@vault-swarm/kernel';
import { expect, test } from 'vitest';
import { parseConfiguration } from './configuration.ts';
import { EventBuffer } from './event-buffer.ts';
import type { PluginEvent, TimedPluginEvent } from './plugin-events.ts';
import { ProviderRegistry } from './provider-registry.ts';
import { systemClock } from './system/clock.ts';
import { systemDigest } from './system/digest.ts';
import { systemRandom } from './system/random.ts';

const parsed = parseConfiguration({ SECRETS_PROVIDER: 'file' }, () => '');
const providers = parsed.ok ? parsed.configuration.providers : [];

test('events before the logger is ready are logged first, in their order', () => {
  const bus = new EventBus<PluginEvent>(systemClock);
  const early = new EventBuffer(bus);
  bus.emit({ type: 'driver.listening', socket: 'a' });
  bus.emit({ type: 'plugin.warning', message: 'b' });
  const logged: TimedPluginEvent[] = [];
  early.connect({ log: (event) => logged.push(event) });
  bus.emit({ type: 'plugin.stopping', signal: 'c' });
  expect(logged.map(({ type }) => type)).toEqual(['driver.listening', 'plugin.warning', 'plugin.stopping']);
});

test('a request for a provider that is not loaded yet waits for it', async () => {
  const directory = new ProviderRegistry(providers, {
    clock: systemClock,
    random: systemRandom,
    events: { emit: () => {} },
    ownFiles: [],
    digest: (bytes) => systemDigest.digest('key', bytes),
  });
  const waiting = directory.find('file');
  await directory.load();
  expect((await waiting).name).toBe('file');
  await expect(directory.find('vault')).rejects.toThrow('no provider is named vault');
  await directory.close();
});

test('a request that waits for a provider fails if the plugin stops before it is loaded', async () => {
  const directory = new ProviderRegistry(providers, {
    clock: systemClock,
    random: systemRandom,
    events: { emit: () => {} },
    ownFiles: [],
    digest: () => '',
  });
  const waiting = directory.find('file');
  await directory.close();
  await expect(waiting).rejects.toThrow('stopping');
});

test('digests are keyed, and 96 bits long', () => {
  const bytes = new TextEncoder().encode('value');
  expect(systemDigest.digest('a', bytes)).toMatch(/^[\w-]{16}$/);
  expect(systemDigest.digest('a', bytes)).not.toBe(systemDigest.digest('b', bytes));
  expect(systemDigest.generateKey()).toMatch(/^[\w-]{43}$/);
});
