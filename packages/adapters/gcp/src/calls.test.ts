import { EventBus } from '@vault-swarm/kernel';
import { type FakeFault, type GcpFake, startGcpFake } from '@vault-swarm/lab';
import { realClock, ShiftedClock } from '@vault-swarm/lab/clocks';
import { readTextOf, soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import type { ProductEvent, ProviderInstance, SecretRef, TimedEvent } from '@vault-swarm/provider';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fullName, providerOf, refTo, variablesFor } from './testing/configured.ts';

let gcp: GcpFake;
let provider: ProviderInstance;
let clock: ShiftedClock;
let requests: Extract<TimedEvent, { type: 'provider.request-completed' }>[];

beforeEach(async () => {
  gcp = await startGcpFake();
  gcp.secrets.write(fullName('db'), 'x');
  requests = [];
  clock = new ShiftedClock();
  const events = new EventBus<ProductEvent>(realClock);
  events.subscribe((event) => {
    if (event.type === 'provider.request-completed') requests.push(event);
  });
  provider = providerOf(variablesFor(gcp), { events, clock });
});
afterEach(async () => {
  await provider.close();
  await gcp.stop();
});

const reported = () =>
  requests.map(
    ({ operation, outcome, isRepeated }) => `${operation} ${outcome}${isRepeated === true ? ', again' : ''}`,
  );
const errorOf = (ref: SecretRef) => vaultErrorOf(provider.secrets.read(ref, soon()));
const revisionOf = async (ref: SecretRef) => (await provider.secrets.read(ref, soon())).revision;

describe('a read', () => {
  test('asks once for the time of a version', async () => {
    await readTextOf(provider, refTo('db'));
    await readTextOf(provider, refTo('db'));
    expect(reported()).toEqual(['login ok', 'read ok', 'probe ok', 'read ok']);
  });

  test('that is lost is sent again', async () => {
    gcp.disturb({ fault: { kind: 'reset' }, operation: 'access', times: 1 });
    expect(await readTextOf(provider, refTo('db'))).toBe('x');
    expect(reported().slice(0, 3)).toEqual(['login ok', 'read UNAVAILABLE, again', 'read ok']);
  });

  test('of a text gives the text as its field "value", as in swarm-external-secrets', async () => {
    expect(await readTextOf(provider, refTo('db', { field: 'value' }))).toBe('x');
    expect(await errorOf(refTo('db', { field: 'password' }))).toMatchObject({ code: 'INVALID_PAYLOAD' });
  });

  test('checks the value against its checksum, and is repeated later', async () => {
    const name = `${fullName('db')}/versions/1`;
    const body = { name, payload: { data: Buffer.from('canary').toString('base64'), dataCrc32c: '1' } };
    gcp.disturb({ fault: { status: 200, body }, operation: 'access', times: 1 });
    const error = await errorOf(refTo('db'));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('CRC32C') });
    expect(error.message).not.toContain('canary');
    expect(await readTextOf(provider, refTo('db'))).toBe('x');
  });

  test('of a regional secret goes to its region', async () => {
    const name = 'projects/lab-project/locations/europe-west3/secrets/db';
    gcp.secrets.write(name, 'regional');
    expect(await readTextOf(provider, refTo(name))).toBe('regional');
  });

  const CANARY = 'canary-of-the-response';
  const body = (status: string, reason?: string) => ({ error: { status, message: CANARY, details: [{ reason }] } });
  test.for<[string, FakeFault, object, string]>([
    [
      'a policy',
      { status: 403, body: body('PERMISSION_DENIED', 'IAM_PERMISSION_DENIED') },
      { code: 'ACCESS_DENIED', isProven: true },
      'secretmanager.versions.access',
    ],
    [
      'a project without the API',
      { status: 403, body: body('PERMISSION_DENIED', 'SERVICE_DISABLED') },
      { code: 'UNAVAILABLE' },
      'gcloud services enable',
    ],
    ['a proxy', { status: 403, body: `<html>${CANARY}` }, { code: 'ACCESS_DENIED', isProven: false }, 'permission'],
    ['another server', { status: 404, body: CANARY }, { code: 'NOT_FOUND', isProven: false }, 'no such secret'],
    [
      'a quota',
      { status: 429, body: body('RESOURCE_EXHAUSTED'), headers: { 'retry-after': '9' } },
      { code: 'RATE_LIMITED', retryAfterMs: 9_000 },
      'GCP_MAX_CALLS_PER_HOUR',
    ],
    [
      'a wrong name',
      { status: 400, body: body('INVALID_ARGUMENT') },
      { code: 'INVALID_REF', isProven: true },
      'name or version',
    ],
    ['garbage', { status: 200, body: CANARY }, { code: 'UNAVAILABLE' }, 'not JSON'],
    ['an empty object', { status: 200, body: {} }, { code: 'UNAVAILABLE' }, 'no version'],
    ['a failure', { status: 503, body: CANARY }, { code: 'UNAVAILABLE' }, 'status 503'],
    ['too much', { kind: 'endless' }, { code: 'INVALID_PAYLOAD', isProven: false }, 'check its address'],
  ])('that is answered by %s has its code, and shows nothing of the answer', async ([_, fault, expected, message]) => {
    gcp.disturb({ fault, operation: 'access' });
    const error = await errorOf(refTo('db'));
    expect(error).toMatchObject(expected);
    expect(error.message).toContain(message);
    expect(JSON.stringify([error.message, String(error.cause)])).not.toContain(CANARY);
  });
});

describe('a version', () => {
  test('that is disabled is missing; latest-enabled skips it', async () => {
    gcp.secrets.write(fullName('db'), 'newer');
    gcp.secrets.change(fullName('db'), 2, 'DISABLED');
    const error = await errorOf(refTo('db'));
    expect(error).toMatchObject({ code: 'NOT_FOUND', isProven: true });
    expect(error.message).toContain('disabled or destroyed; enable it, add a new version, or follow latest-enabled');
    expect(await readTextOf(provider, refTo('db', { version: 'latest-enabled' }))).toBe('x');
    gcp.secrets.change(fullName('db'), 1, 'DESTROYED');
    expect((await errorOf(refTo('db', { version: 'latest-enabled' }))).message).toContain('no enabled version');
  });

  test('is followed by its alias', async () => {
    gcp.secrets.write(fullName('db'), 'newer');
    gcp.secrets.alias(fullName('db'), 'prod', 1);
    expect(await readTextOf(provider, refTo('db', { version: 'prod' }))).toBe('x');
    gcp.secrets.alias(fullName('db'), 'prod', 2);
    expect(await readTextOf(provider, refTo('db', { version: 'prod' }))).toBe('newer');
  });

  test('has its number and time as the revision', async () => {
    expect(await revisionOf(refTo('db'))).toMatch(/^1@\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/);
  });

  test('has a digest in its revision, if the policy does not show its time', async () => {
    gcp.deny('get');
    const revision = await revisionOf(refTo('db'));
    expect(revision).toMatch(/^1-\S+$/);
    gcp.secrets.delete(fullName('db'));
    gcp.secrets.write(fullName('db'), 'y');
    expect(await revisionOf(refTo('db'))).not.toBe(revision);
    expect(
      await vaultErrorOf(provider.revisions?.readRevision(refTo('db'), revision, soon()) ?? Promise.resolve()),
    ).toMatchObject({ code: 'NOT_FOUND' });
    expect(reported().filter((request) => request.startsWith('probe'))).toHaveLength(1);
  });
});

test('without a project, a secret that is given by its id is an error that says what to set', async () => {
  const json = gcp.federatedCredentials('/dev/null').replace('"project_id":"lab-project",', '');
  const own = providerOf({ ...variablesFor(gcp), GCP_PROJECT_ID: undefined, GCP_CREDENTIALS_JSON: json });
  const error = await vaultErrorOf(own.secrets.read(refTo('db'), soon()));
  expect(error).toMatchObject({ code: 'INVALID_REF', message: expect.stringContaining('set GCP_PROJECT_ID') });
  await own.close();
});
