import { expect, test } from 'vitest';
import { EventBus } from './event-bus.ts';
import type { ListenerFailed, NamedEvent, Timed } from './events.ts';
import { MAX_MESSAGE, MAX_TEXT } from './foreign-text.ts';

interface Warning extends NamedEvent {
  readonly type: 'plugin.warning';
  readonly message: string;
}
interface Refusal extends NamedEvent {
  readonly type: 'delivery.failed';
  readonly secret: string;
  readonly service: string | undefined;
  readonly message: string;
}
interface Rollout extends NamedEvent {
  readonly type: 'rollout.started';
  readonly secrets: readonly string[];
}
type TestEvent = Warning | Refusal | Rollout;

const WARNING = { type: 'plugin.warning', message: 'look here' } as const;

function bus(): { readonly bus: EventBus<TestEvent>; readonly seen: Timed<TestEvent | ListenerFailed>[] } {
  const made = new EventBus<TestEvent>({ now: () => 7, monotonic: () => 7, after: () => () => undefined });
  return { bus: made, seen: [] };
}

test('hands an event with its time to all listeners, until they unsubscribe', () => {
  const { bus: events, seen } = bus();
  const stop = events.subscribe((event) => seen.push(event));
  events.emit(WARNING);
  stop();
  events.emit(WARNING);
  expect(seen).toEqual([{ ...WARNING, atMs: 7 }]);
});

test('a listener that throws disturbs neither the emitter nor other listeners', () => {
  const { bus: events, seen } = bus();
  events.subscribe(() => {
    throw new TypeError('it has a fault\n');
  }, 'the first one');
  events.subscribe((event) => seen.push(event));
  for (let count = 0; count < 3; count++) events.emit(WARNING);
  expect(seen.filter(({ type }) => type === 'plugin.warning')).toHaveLength(3);
  expect(seen.filter(({ type }) => type === 'listener.failed')).toEqual([
    { type: 'listener.failed', listener: 'the first one', message: 'it has a fault\\n', atMs: 7 },
  ]);
});

test('listeners that all throw, also at what tells of it, end nothing', () => {
  const { bus: events, seen } = bus();
  const calls = [0, 0, 0];
  for (const index of calls.keys()) {
    events.subscribe(() => {
      calls[index] = (calls[index] ?? 0) + 1;
      throw new Error(`fault ${index}`);
    }, `listener ${index}`);
  }
  events.subscribe((event) => seen.push(event));
  events.emit(WARNING);
  events.emit(WARNING);
  const failures = seen.flatMap((event) => (event.type === 'listener.failed' ? event.listener : []));
  expect(failures.toSorted()).toEqual(['listener 0', 'listener 1', 'listener 2']);
  // Two warnings, and three events that report the failures.
  expect(calls).toEqual([5, 5, 5]);
});

test('no event exceeds its bounds', () => {
  const { bus: events, seen } = bus();
  events.subscribe((event) => seen.push(event));
  const hostile = 'a\u001b'.repeat(500_000);
  events.emit({
    type: 'delivery.failed',
    secret: hostile,
    service: hostile,
    message: hostile,
  });
  const [refused] = seen;
  if (refused?.type !== 'delivery.failed') throw new Error('another event');
  expect(refused.secret.length).toBeLessThanOrEqual(MAX_TEXT);
  expect(refused.service?.length).toBeLessThanOrEqual(MAX_TEXT);
  expect(refused.message.length).toBeLessThanOrEqual(MAX_MESSAGE);
  expect(JSON.stringify(refused)).not.toContain('\\u001b[');
});

test('a long list of names says how many more there are', () => {
  const { bus: events, seen } = bus();
  events.subscribe((event) => seen.push(event));
  const secrets = Array.from({ length: 10_000 }, (_, index) => `secret-${index}`);
  events.emit({ type: 'rollout.started', secrets });
  const [started] = seen;
  if (started?.type !== 'rollout.started') throw new Error('another event');
  expect(started.secrets.slice(0, 2)).toEqual(['secret-0', 'secret-1']);
  expect(started.secrets.at(-1)).toBe(`and ${10_000 - (started.secrets.length - 1)} more`);
  expect(started.secrets.join('').length).toBeLessThan(4_100);
  expect(secrets).toHaveLength(10_000);
});
