import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ProviderError, type SecretRevision, SecretValue } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { gives, setUp, textOf } from './testing/delivery-fixture.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** An answer of a provider whose bytes are watched: the test finds out whether anything still references them. */
function watchedValue(text: string, name: string) {
  let bytes: Uint8Array | null = new TextEncoder().encode(text);
  const watched = new WeakRef(bytes);
  return {
    answer: async (): Promise<SecretRevision> => {
      const given = { value: new SecretValue(bytes ?? new Uint8Array()), revision: name };
      bytes = null;
      return given;
    },
    isHeld: async () => {
      // After `deref()` the value stays alive until the current job of the event loop ends.
      await setImmediate();
      collectGarbage();
      return watched.deref() !== undefined;
    },
  };
}

test('no reference to a value is left after its eviction', async () => {
  const { answers, ask, advance } = setUp({ cache: { maxRevisions: 1, maxBytes: 1_000 } });
  const { answer, isHeld } = watchedValue('canary', 'r1');
  answers.push(answer, gives('other'));
  expect(textOf(await ask())).toBe('canary');
  expect(await isHeld()).toBe(true);
  await ask('other');
  await advance(0);
  expect(await isHeld()).toBe(false);
});

test('no reference to a value is left after its provider withdrew it', async () => {
  const { answers, ask, advance } = setUp();
  const { answer, isHeld } = watchedValue('canary', 'r1');
  answers.push(answer, () => Promise.reject(new ProviderError('NOT_FOUND', 'deleted')));
  expect(textOf(await ask())).toBe('canary');
  await advance(20_000);
  expect(textOf(await ask())).toBe('NOT_FOUND');
  await advance(0);
  expect(await isHeld()).toBe(false);
});

test('no reference to a value is left after it was replaced twice', async () => {
  const { answers, ask, advance } = setUp();
  const { answer, isHeld } = watchedValue('canary', 'r1');
  answers.push(answer, gives('two', 'r2'), gives('three', 'r3'));
  for (const text of ['canary', 'two', 'three']) {
    expect(textOf(await ask())).toBe(text);
    await advance(20_000);
  }
  expect(await isHeld()).toBe(false);
});
