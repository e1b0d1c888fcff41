import { type Clock, EventBus } from '@vault-swarm/kernel';
import { type AzureFake, type FakeFault, startAzureFake } from '@vault-swarm/lab';
import { realClock } from '@vault-swarm/lab/clocks';
import { readTextOf, soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import type { ProductEvent, ProviderInstance, TimedEvent } from '@vault-swarm/provider';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { providerOf, refTo, variablesFor } from './testing/configured.ts';

let azure: AzureFake;
let provider: ProviderInstance;
let requests: Extract<TimedEvent, { type: 'provider.request-completed' }>[];

beforeEach(async () => {
  azure = await startAzureFake();
  azure.vault.write('db', 'x');
  requests = [];
  const events = new EventBus<ProductEvent>(realClock);
  events.subscribe((event) => {
    if (event.type === 'provider.request-completed') requests.push(event);
  });
  provider = providerOf(variablesFor(azure.endpoint), { events });
});
afterEach(async () => {
  await provider.close();
  await azure.stop();
});

const reported = () =>
  requests.map(
    ({ operation, outcome, isRepeated }) => `${operation} ${outcome}${isRepeated === true ? ', again' : ''}`,
  );
const errorOf = (name: string) => vaultErrorOf(provider.secrets.read(refTo(name), soon()));
const now = () => Math.floor(Date.now() / 1000);

describe('a read', () => {
  test('that is lost is sent again', async () => {
    azure.disturb({ fault: { kind: 'reset' }, operation: 'read', times: 1 });
    expect(await readTextOf(provider, refTo('db'))).toBe('x');
    expect(reported()).toEqual(['login ok', 'read UNAVAILABLE, again', 'read ok']);
  });

  test('that the vault fails to answer is sent again, at most twice', async () => {
    azure.disturb({ fault: { status: 503, body: '' }, operation: 'read' });
    expect(await errorOf('db')).toMatchObject({ code: 'UNAVAILABLE' });
    expect(reported().slice(1)).toEqual(['read UNAVAILABLE, again', 'read UNAVAILABLE, again', 'read UNAVAILABLE']);
  });

  test('that is throttled is not sent again, and says how long to wait', async () => {
    const fault = { status: 429, body: {}, headers: { 'retry-after': '9' } } as const;
    azure.disturb({ fault, operation: 'read' });
    expect(await errorOf('db')).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 9_000 });
    expect(azure.counts().byOperation).toEqual({ login: 1, read: 1 });
  });

  const CANARY = 'canary-of-the-response';
  const body = (code: string, inner?: string) => ({ error: { code, message: CANARY, innererror: { code: inner } } });
  test.for<[string, FakeFault, object, string]>([
    [
      'a policy',
      { status: 403, body: body('Forbidden', 'ForbiddenByPolicy') },
      { code: 'ACCESS_DENIED', isProven: true },
      'Key Vault Secrets User',
    ],
    [
      'a firewall',
      { status: 403, body: body('Forbidden', 'ForbiddenByFirewall') },
      { code: 'UNAVAILABLE' },
      'networking settings',
    ],
    ['a proxy', { status: 403, body: `<html>${CANARY}` }, { code: 'ACCESS_DENIED', isProven: false }, 'permission'],
    [
      'another server',
      { status: 404, body: `<html>${CANARY}` },
      { code: 'NOT_FOUND', isProven: false },
      'no such secret',
    ],
    [
      'a wrong name',
      { status: 400, body: body('BadParameter') },
      { code: 'INVALID_REF', isProven: true },
      'name or version',
    ],
    ['garbage', { status: 200, body: `<html>${CANARY}` }, { code: 'UNAVAILABLE' }, 'not JSON'],
    ['an empty object', { status: 200, body: {} }, { code: 'UNAVAILABLE' }, 'no version'],
    [
      'a redirect',
      { status: 301, body: '', headers: { location: 'http://127.0.0.1:1/' } },
      { code: 'UNAVAILABLE' },
      'status 301',
    ],
    ['too much', { kind: 'endless' }, { code: 'INVALID_PAYLOAD', isProven: false }, 'check its address'],
  ])('that is answered by %s has its code, and shows nothing of the answer', async ([_, fault, expected, message]) => {
    azure.disturb({ fault, operation: 'read' });
    const error = await errorOf('db');
    expect(error).toMatchObject(expected);
    expect(error.message).toContain(message);
    expect(JSON.stringify([error.message, String(error.cause)])).not.toContain(CANARY);
  });

  test('whose token the vault rejects again and again logs in once', async () => {
    const { error } = body('Unauthorized');
    azure.disturb({ fault: { status: 401, body: { error } }, operation: 'read' });
    expect(await errorOf('db')).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await errorOf('db')).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(azure.logins.length).toBe(1);
  });

  test('that hangs is cut off after ten seconds', async () => {
    await readTextOf(provider, refTo('db'));
    azure.disturb({ fault: { kind: 'hang' }, operation: 'read' });
    // Timers end twenty times as soon.
    const clock: Clock = { ...realClock, after: (delayMs, callback) => realClock.after(delayMs / 20, callback) };
    const hasty = providerOf(variablesFor(azure.endpoint), { clock });
    const error = await vaultErrorOf(hasty.secrets.read(refTo('db'), { signal: new AbortController().signal }));
    expect(error).toMatchObject({ code: 'UNAVAILABLE' });
    expect(error.message).toContain('did not answer within 10000 ms');
    await hasty.close();
  });
});

describe('a secret', () => {
  test('that is missing has another error than a deleted one', async () => {
    expect((await errorOf('other')).message).toContain('there is no such secret in this vault');
    azure.vault.delete('db');
    expect(await errorOf('db')).toMatchObject({ code: 'NOT_FOUND', isProven: true });
    expect((await errorOf('db')).message).toContain('it is deleted; recover it');
    azure.vault.recover('db');
    expect(await readTextOf(provider, refTo('db'))).toBe('x');
  });

  test('that is deleted is missing, if the policy does not show deleted ones', async () => {
    azure.vault.delete('db');
    azure.deny('deleted');
    expect(await errorOf('db')).toMatchObject({ code: 'NOT_FOUND', isProven: true });
  });

  test('that is disabled is missing, and says so', async () => {
    azure.vault.change('db', { enabled: false });
    const error = await errorOf('db');
    expect(error).toMatchObject({ code: 'NOT_FOUND', isProven: true });
    expect(error.message).toContain('this version is disabled; enable it');
  });

  test('that has expired, or is not valid yet, is not delivered; a value from before may be', async () => {
    azure.vault.write('old', 'x', { exp: now() - 60 });
    azure.vault.write('early', 'x', { nbf: now() + 3_600 });
    const [old, early] = [await errorOf('old'), await errorOf('early')];
    for (const error of [old, early]) expect(error).toMatchObject({ code: 'INVALID_PAYLOAD', retryable: true });
    expect(old?.message).toMatch(/expired on \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ; write a new version/);
    expect(early?.message).toContain('is not valid before');
    const version = azure.vault.current('old');
    const before = await provider.revisions?.readRevision(refTo('old'), version, soon());
    expect(Buffer.from(before?.value.reveal() ?? []).toString()).toBe('x');
  });
});

test('a closed provider cuts off what is in progress, and starts nothing', async () => {
  azure.disturb({ fault: { kind: 'hang' } });
  const reading = errorOf('db');
  await expect.poll(() => azure.counts().calls, { interval: 5 }).toBe(1);
  await provider.close();
  expect(await reading).toMatchObject({ code: 'UNAVAILABLE' });
  expect(await errorOf('db')).toMatchObject({ code: 'UNAVAILABLE' });
  expect(azure.counts().calls).toBe(1);
});
