import { setImmediate as turn } from 'node:timers/promises';
import type { SecretRequest, SecretResponse } from '@vault-swarm/delivery';
import { SteppedClock } from '@vault-swarm/lab/clocks';
import { SecretValue } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { InFlightRequests } from './in-flight-requests.ts';

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
