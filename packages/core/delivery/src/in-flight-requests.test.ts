import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '@vault-swarm/kernel';
import { SecretValue } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { InFlightRequests } from './in-flight-requests.ts';
import type { SecretRequest, SecretResponse } from './request.ts';

/** Timers fire only when the test advances the clock. */
class SteppedClock implements Clock {
  readonly #timers = new Map<() => void, number>();
  #nowMs = 0;

  readonly now = () => this.#nowMs;
  readonly monotonic = this.now;

  after(delayMs: number, callback: () => void): () => void {
    this.#timers.set(callback, this.#nowMs + delayMs);
    return () => void this.#timers.delete(callback);
  }

  advance(durationMs: number): void {
    this.#nowMs += durationMs;
    for (const [callback, atMs] of [...this.#timers]) {
      if (atMs > this.#nowMs || !this.#timers.delete(callback)) continue;
      callback();
    }
  }
}

const request = {} as SecretRequest;
const answer: SecretResponse = { kind: 'value', value: SecretValue.fromText('x'), revision: 'r1' };
const LONG_MS = 60_000;
const HEARD_MS = 1_000;

test('waits for requests that have arrived, and not for later ones', async () => {
  const clock = new SteppedClock();
  const answers: PromiseWithResolvers<SecretResponse>[] = [];
  const source = new InFlightRequests(
    {
      get: () => {
        const next = Promise.withResolvers<SecretResponse>();
        answers.push(next);
        return next.promise;
      },
    },
    clock,
  );
  let isSettled = false;
  const settled = source.settled(LONG_MS).then(() => {
    isSettled = true;
  });
  const first = source.get(request);
  clock.advance(HEARD_MS);
  await turn();
  const second = source.get(request);
  expect(isSettled).toBe(false);
  answers[0]?.resolve(answer);
  expect(await first).toBe(answer);
  await settled;
  answers[1]?.resolve(answer);
  expect(await second).toBe(answer);
});

test('waits no longer than its limit', async () => {
  const clock = new SteppedClock();
  const source = new InFlightRequests({ get: () => new Promise(() => undefined) }, clock);
  void source.get(request);
  const settled = source.settled(LONG_MS);
  clock.advance(HEARD_MS);
  await turn();
  clock.advance(LONG_MS);
  await settled;
});
