import type { SecretAnswer, SecretRequest } from '@vault-swarm/delivery';
import { SecretValue } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { AnswersUnderWay } from './answers-under-way.ts';
import { systemClock } from './system/clock.ts';

const request = {} as SecretRequest;
const answer: SecretAnswer = { kind: 'value', value: SecretValue.fromText('x'), revision: 'r1' };
const LONG_MS = 60_000;

test('waits for those that wait now, and not for who comes later', async () => {
  const answers: PromiseWithResolvers<SecretAnswer>[] = [];
  const source = new AnswersUnderWay(
    {
      get: () => {
        const next = Promise.withResolvers<SecretAnswer>();
        answers.push(next);
        return next.promise;
      },
    },
    systemClock,
  );
  await source.settled(LONG_MS);
  const first = source.get(request);
  let isSettled = false;
  const settled = source.settled(LONG_MS).then(() => {
    isSettled = true;
  });
  const second = source.get(request);
  await Promise.resolve();
  expect(isSettled).toBe(false);
  answers[0]?.resolve(answer);
  expect(await first).toBe(answer);
  await settled;
  answers[1]?.resolve(answer);
  expect(await second).toBe(answer);
});

test('waits no longer than it is told', async () => {
  const source = new AnswersUnderWay({ get: () => new Promise(() => undefined) }, systemClock);
  void source.get(request);
  await source.settled(1);
});
