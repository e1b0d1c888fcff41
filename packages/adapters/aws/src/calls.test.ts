import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, EventBus } from '@vault-swarm/kernel';
import { type AwsFake, awsError, startAwsFake } from '@vault-swarm/lab';
import { ownTimeOf, realClock, ShiftedClock } from '@vault-swarm/lab/clocks';
import { readTextOf, soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import type { ProductEvent, ProviderInstance, TimedEvent } from '@vault-swarm/provider';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { providerOf, refTo, variablesFor } from './testing/configured.ts';

let aws: AwsFake;
let provider: ProviderInstance;
let requests: Extract<TimedEvent, { type: 'provider.request-completed' }>[];

beforeEach(async () => {
  aws = await startAwsFake();
  aws.secrets().write('db', { SecretString: 'x' });
  requests = [];
  const events = new EventBus<ProductEvent>(realClock);
  events.subscribe((event) => {
    if (event.type === 'provider.request-completed') requests.push(event);
  });
  provider = providerOf(variablesFor(aws.endpoint), { events });
});
afterEach(async () => {
  await provider.close();
  await aws.stop();
});

/** Each request, and whether it was sent again. */
const reported = () =>
  requests.map(
    ({ operation, outcome, isRepeated }) => `${operation} ${outcome}${isRepeated === true ? ', again' : ''}`,
  );

const throttled = awsError('ThrottlingException', 'Rate exceeded');

describe('a call', () => {
  test('that is throttled is sent again, and every request is reported', async () => {
    aws.disturb({ fault: throttled, times: 1 });
    expect(await readTextOf(provider, refTo('db'))).toBe('x');
    expect(reported()).toEqual(['read RATE_LIMITED, again', 'read ok']);
    for (const { durationMs } of requests) expect(durationMs).toBeGreaterThanOrEqual(0);
  });

  test('that is throttled for longer fails within its attempts, and says to slow down', async () => {
    aws.disturb({ fault: throttled });
    const error = await vaultErrorOf(provider.secrets.read(refTo('db'), soon()));
    expect(error).toMatchObject({ code: 'RATE_LIMITED' });
    expect(error.retryAfterMs).toBeGreaterThan(0);
    expect(aws.counts().calls).toBeLessThanOrEqual(3);
    // Only the last one says how the provider does.
    expect(reported().filter((request) => !request.endsWith('again'))).toEqual(['read RATE_LIMITED']);
    expect(reported().length).toBe(aws.counts().calls);
  });

  test('that waits to be sent again ends when it is aborted', async () => {
    aws.disturb({ fault: throttled });
    const controller = new AbortController();
    const reading = vaultErrorOf(provider.secrets.read(refTo('db'), { signal: controller.signal }));
    await expect.poll(() => aws.counts().calls, { interval: 5 }).toBeGreaterThan(0);
    controller.abort();
    expect(await ownTimeOf(() => reading)).toBeLessThan(100);
    expect(await reading).toMatchObject({ code: 'UNAVAILABLE' });
  });

  test.for([
    ['hangs', { kind: 'hang' }],
    ['drips', { kind: 'drip', intervalMs: 50 }],
  ] as const)('whose answer %s ends when it is aborted', async ([_how, fault]) => {
    aws.disturb({ fault });
    const controller = new AbortController();
    const reading = vaultErrorOf(provider.secrets.read(refTo('db'), { signal: controller.signal }));
    await expect.poll(() => aws.counts().calls, { interval: 5 }).toBeGreaterThan(0);
    controller.abort();
    expect(await ownTimeOf(() => reading)).toBeLessThan(100);
    expect(await reading).toMatchObject({ code: 'UNAVAILABLE' });
    expect(requests).toMatchObject([{ operation: 'read', outcome: 'UNAVAILABLE' }]);
  });

  test('whose answer drips is cut off after ten seconds', async () => {
    aws.disturb({ fault: { kind: 'drip', intervalMs: 50 } });
    // Timers end twenty times as soon.
    const clock: Clock = { ...realClock, after: (delayMs, callback) => realClock.after(delayMs / 20, callback) };
    const hasty = providerOf(variablesFor(aws.endpoint), { clock });
    const error = await vaultErrorOf(hasty.secrets.read(refTo('db'), { signal: new AbortController().signal }));
    expect(error).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/^aws db: AWS did not answer within 10000 ms; check/),
    });
    await hasty.close();
  });

  test('that is lost is sent again', async () => {
    aws.disturb({ fault: { kind: 'reset' }, times: 1 });
    expect(await readTextOf(provider, refTo('db'))).toBe('x');
    expect(reported()).toEqual(['read UNAVAILABLE, again', 'read ok']);
  });
});

describe('our login', () => {
  const variables = () => {
    const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...others } = variablesFor(aws.endpoint);
    return others;
  };
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'aws-login-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  test('follows the files of its keys', async () => {
    const [id, key] = [join(directory, 'id'), join(directory, 'key')];
    await writeFile(id, 'AKIAOLD\n');
    await writeFile(key, 'secret\n');
    const own = providerOf({ ...variables(), AWS_ACCESS_KEY_ID_FILE: id, AWS_SECRET_ACCESS_KEY_FILE: key });
    aws.accept('AKIAOLD');
    expect(await readTextOf(own, refTo('db'))).toBe('x');
    aws.accept('AKIANEW');
    expect(await vaultErrorOf(own.secrets.read(refTo('db'), soon()))).toMatchObject({ code: 'UNAUTHENTICATED' });
    await writeFile(id, 'AKIANEW\n');
    expect(await readTextOf(own, refTo('db'))).toBe('x');
    await own.close();
  });

  test('goes on with its last good keys while a file of them has what can not be sent, or is gone', async () => {
    const [id, key] = [join(directory, 'id'), join(directory, 'key')];
    await writeFile(id, 'AKIAOLD\n');
    await writeFile(key, 'secret\n');
    const own = providerOf({ ...variables(), AWS_ACCESS_KEY_ID_FILE: id, AWS_SECRET_ACCESS_KEY_FILE: key });
    aws.accept('AKIAOLD');
    expect(await readTextOf(own, refTo('db'))).toBe('x');
    await writeFile(id, 'AKIA\nOLD\n');
    expect(await readTextOf(own, refTo('db'))).toBe('x');
    await rm(key);
    expect(await readTextOf(own, refTo('db'))).toBe('x');
    await own.close();
  });

  test('does not wait for a named pipe in the place of a file of profiles', async () => {
    const pipe = join(directory, 'credentials');
    await writeFile(pipe, '');
    const own = providerOf({ ...variables(), AWS_SHARED_CREDENTIALS_FILE: pipe, AWS_PROFILE: 'prod' });
    await rm(pipe);
    execFileSync('mkfifo', [pipe]);
    expect(await vaultErrorOf(own.secrets.read(refTo('db'), soon()))).toMatchObject({ code: 'UNAUTHENTICATED' });
    await own.close();
  });

  test('reads the profile files again when AWS rejects their keys', async () => {
    const file = join(directory, 'credentials');
    const profile = (id: string) => `[prod]\naws_access_key_id = ${id}\naws_secret_access_key = secret\n`;
    await writeFile(file, profile('AKIAOLD'));
    aws.accept('AKIAOLD');
    const clock = new ShiftedClock();
    const events = new EventBus<ProductEvent>(clock);
    events.subscribe((event) => {
      if (event.type === 'provider.request-completed') requests.push(event);
    });
    const own = providerOf(
      { ...variables(), AWS_PROFILE: 'prod', AWS_SHARED_CREDENTIALS_FILE: file },
      { clock, events },
    );
    expect(await readTextOf(own, refTo('db'))).toBe('x');
    await writeFile(file, profile('AKIANEW'));
    aws.accept('AKIANEW');
    expect(await vaultErrorOf(own.secrets.read(refTo('db'), soon()))).toMatchObject({ code: 'UNAUTHENTICATED' });
    // The same source is not asked more often than each five seconds.
    clock.advance(5_001);
    requests = [];
    expect(await readTextOf(own, refTo('db'))).toBe('x');
    expect(reported()).toEqual(['login ok', 'read UNAUTHENTICATED, again', 'read ok']);
    await own.close();
  });

  test('that AWS says has ended is an error of ours, not of the secret', async () => {
    aws.disturb({ fault: awsError('ExpiredTokenException', 'expired') });
    expect(await vaultErrorOf(provider.secrets.read(refTo('db'), soon()))).toMatchObject({
      code: 'UNAUTHENTICATED',
      retryable: true,
    });
  });
});

test('a closed provider cuts off what is in progress, and starts nothing', async () => {
  aws.disturb({ fault: { kind: 'hang' } });
  const reading = vaultErrorOf(provider.secrets.read(refTo('db'), soon()));
  await expect.poll(() => aws.counts().calls, { interval: 5 }).toBe(1);
  await provider.close();
  expect(await reading).toMatchObject({ code: 'UNAVAILABLE' });
  expect(await vaultErrorOf(provider.secrets.read(refTo('db'), soon()))).toMatchObject({ code: 'UNAVAILABLE' });
  expect(aws.counts().calls).toBe(1);
});
