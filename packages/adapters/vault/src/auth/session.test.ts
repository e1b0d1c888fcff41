import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ShiftedClock, SteppedClock } from '@vault-swarm/lab/clocks';
import { readTextOf, soon } from '@vault-swarm/lab/provider-calls';
import type { Variables } from '@vault-swarm/lab/variables';
import type { ProductEvent, ProviderError, ProviderInstance } from '@vault-swarm/provider';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { providerOf, refTo } from '../testing/configured.ts';
import {
  data,
  invalidToken,
  login,
  mount,
  permissionDenied,
  type ScriptedAnswer,
  type ScriptedVault,
  type SeenRequest,
  startScriptedVault,
  version2,
} from '../testing/scripted-vault.ts';

const approle = { VAULT_AUTH_METHOD: 'approle', VAULT_ROLE_ID: 'role', VAULT_SECRET_ID: 'secret-id' };

/** A Vault whose tokens, logins and policies a test changes while it runs. */
interface Script {
  live: Set<string>;
  loginAnswer: () => ScriptedAnswer;
  renewAnswer: () => ScriptedAnswer;
  denied: (path: string) => boolean;
  refusesLookup: boolean;
}

let script: Script;
let vault: ScriptedVault;
let clock: ShiftedClock;
const open: ProviderInstance[] = [];
let logins = 0;

beforeEach(async () => {
  clock = new ShiftedClock();
  logins = 0;
  script = {
    live: new Set(),
    loginAnswer: () => {
      const token = `token-${++logins}`;
      script.live.add(token);
      return login(token, 3600);
    },
    renewAnswer: () => login([...script.live].at(-1) ?? '', 3600),
    denied: () => false,
    refusesLookup: false,
  };
  vault = await startScriptedVault(answer);
});
afterEach(async () => {
  for (const instance of open.splice(0)) await instance.close();
  await vault.close();
});

function answer({ path, headers }: SeenRequest): ScriptedAnswer | undefined {
  if (path === 'auth/approle/login') return script.loginAnswer();
  if (!script.live.has(String(headers['x-vault-token']))) return invalidToken;
  if (path === 'auth/token/renew-self') return script.renewAnswer();
  if (path === 'auth/token/lookup-self') {
    return script.refusesLookup ? permissionDenied : data({ ttl: 0, renewable: false });
  }
  if (path === 'sys/internal/ui/mounts') return data({ auth: {}, secret: { 'secret/': {} } });
  if (path.startsWith('sys/internal/ui/mounts/')) return mount('secret', '2');
  return script.denied(path) ? permissionDenied : version2({ value: 'v' });
}

function provider(variables: Variables): ProviderInstance {
  const made = providerOf({ VAULT_ADDR: vault.address, ...variables }, clock);
  open.push(made);
  return made;
}

async function failedRead(instance: ProviderInstance, path = 'app'): Promise<ProviderError> {
  return instance.secrets.read(refTo(path), soon()).then(
    () => Promise.reject(new Error('it was read')),
    (error: ProviderError) => error,
  );
}

const count = (path: string) => vault.seen.filter((request) => request.path === path).length;

describe('a session by AppRole', () => {
  test('logs in once for a hundred reads at the same time, without a token in the login', async () => {
    const instance = provider(approle);
    const paths = Array.from({ length: 100 }, (_, index) => `app-${index}`);
    await Promise.all(paths.map((path) => readTextOf(instance, refTo(path))));
    const seen = vault.seen.filter(({ path }) => path === 'auth/approle/login');
    expect(seen.map(({ body, headers }) => [JSON.parse(body), headers['x-vault-token']])).toEqual([
      [{ role_id: 'role', secret_id: 'secret-id' }, undefined],
    ]);
  });

  test('logs in once more when a hundred reads find its token dead', async () => {
    const instance = provider(approle);
    await readTextOf(instance, refTo('app'));
    script.live.clear();
    const paths = Array.from({ length: 100 }, (_, index) => `app-${index}`);
    await Promise.all(paths.map((path) => readTextOf(instance, refTo(path))));
    expect(count('auth/approle/login')).toBe(2);
    expect(count('auth/token/lookup-self')).toBe(0);
  });

  test('never makes a storm of logins of tokens that are dead at once', async () => {
    script.loginAnswer = () => login('stillborn', 3600);
    const instance = provider(approle);
    for (let turn = 0; turn < 50; turn++) expect((await failedRead(instance)).code).toBe('UNAUTHENTICATED');
    expect(count('auth/approle/login')).toBe(2);
    clock.advance(60_000);
    script.loginAnswer = () => {
      script.live.add('good');
      return login('good', 3600);
    };
    expect(await readTextOf(instance, refTo('app'))).toBe('v');
  });

  test('pauses longer after each refused login, so that 10 s see no more than two', async () => {
    script.loginAnswer = () => ({ status: 400, json: { errors: ['invalid role or secret ID'] } });
    const instance = provider(approle);
    const error = await failedRead(instance);
    expect(error).toMatchObject({ code: 'UNAUTHENTICATED', retryable: true });
    expect(error.message).toContain('check VAULT_ROLE_ID and VAULT_SECRET_ID');
    let passedMs = 0;
    const triedAtMs: number[] = [];
    while (passedMs < 20_000) {
      const before = count('auth/approle/login');
      await failedRead(instance);
      if (count('auth/approle/login') > before) triedAtMs.push(passedMs);
      clock.advance(500);
      passedMs += 500;
    }
    expect(triedAtMs).toEqual([5_000, 15_000]);
  });

  test('tries a new secret id at once', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'vault-session-'));
    const file = join(directory, 'secret-id');
    writeFileSync(file, 'wrong');
    const good = script.loginAnswer;
    script.loginAnswer = () => ({ status: 400, json: { errors: ['invalid role or secret ID'] } });
    const instance = provider({ ...approle, VAULT_SECRET_ID: '', VAULT_SECRET_ID_FILE: file });
    await failedRead(instance);
    script.loginAnswer = good;
    expect((await failedRead(instance)).code).toBe('UNAUTHENTICATED');
    writeFileSync(file, 'right\n');
    expect(await readTextOf(instance, refTo('app'))).toBe('v');
    rmSync(directory, { recursive: true });
  });

  test.each([
    ['is gone', (file: string) => rmSync(file)],
    ['is empty', (file: string) => writeFileSync(file, '')],
    ['has two lines', (file: string) => writeFileSync(file, 'right\nwrong\n')],
  ])('logs in with the last good secret id while its file %s', async (_how, spoil) => {
    const directory = mkdtempSync(join(tmpdir(), 'vault-session-'));
    const file = join(directory, 'secret-id');
    writeFileSync(file, 'right\n');
    const instance = provider({ ...approle, VAULT_SECRET_ID: '', VAULT_SECRET_ID_FILE: file });
    expect(await readTextOf(instance, refTo('app'))).toBe('v');
    spoil(file);
    clock.advance(3_600_001);
    expect(await readTextOf(instance, refTo('app'))).toBe('v');
    expect(count('auth/approle/login')).toBe(2);
    rmSync(directory, { recursive: true });
  });

  test('renews its token at two thirds of its life, while callers go on with the old one', async () => {
    const instance = provider(approle);
    await readTextOf(instance, refTo('app'));
    clock.advance(2_390_000);
    await readTextOf(instance, refTo('app'));
    expect(count('auth/token/renew-self')).toBe(0);
    clock.advance(20_000);
    await readTextOf(instance, refTo('app'));
    await expect.poll(() => count('auth/token/renew-self')).toBe(1);
    clock.advance(2_000_000);
    await readTextOf(instance, refTo('app'));
    expect([count('auth/approle/login'), count('auth/token/renew-self')]).toEqual([1, 1]);
  });

  test.each([
    ['is refused', () => ({ status: 400, json: { errors: ['lease is not renewable'] } }) satisfies ScriptedAnswer],
    ['gives less than half of its life', () => login('token-1', 60)],
  ])('logs in again if a renewal %s', async (_how, renewAnswer) => {
    script.renewAnswer = renewAnswer;
    const instance = provider(approle);
    await readTextOf(instance, refTo('app'));
    clock.advance(2_410_000);
    await readTextOf(instance, refTo('app'));
    await expect.poll(() => count('auth/approle/login')).toBe(2);
    expect(count('auth/token/renew-self')).toBe(1);
  });

  test('logs in before a call when its token has ended', async () => {
    const instance = provider(approle);
    await readTextOf(instance, refTo('app'));
    clock.advance(3_600_001);
    await readTextOf(instance, refTo('app'));
    expect(count('auth/approle/login')).toBe(2);
  });

  test('fails with UNAVAILABLE if the login gets no response, and waits as long as a rate limit says', async () => {
    const good = script.loginAnswer;
    script.loginAnswer = () => ({ status: 503, json: { errors: ['Vault is sealed'] } });
    const instance = provider(approle);
    expect((await failedRead(instance)).code).toBe('UNAVAILABLE');
    script.loginAnswer = () => ({ status: 429, json: { errors: ['quota'] }, headers: { 'Retry-After': '7' } });
    expect(await failedRead(instance)).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 7000 });
    script.loginAnswer = good;
    clock.advance(3_000);
    const { code, retryAfterMs = 0 } = await failedRead(instance);
    expect(code).toBe('RATE_LIMITED');
    expect(retryAfterMs).toBeGreaterThan(3_000);
    expect(retryAfterMs).toBeLessThanOrEqual(4_000);
    clock.advance(4_000);
    expect(await readTextOf(instance, refTo('app'))).toBe('v');
  });
});

describe('a session by token', () => {
  test('asks once about its token when a hundred reads are refused by policy', async () => {
    script.live.add('ours');
    script.denied = () => true;
    const instance = provider({ VAULT_TOKEN: 'ours' });
    const paths = Array.from({ length: 100 }, (_, index) => `app-${index}`);
    const errors = await Promise.all(paths.map((path) => failedRead(instance, path)));
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['ACCESS_DENIED']));
    expect(errors[7]?.message).toBe(
      'vault secret/app-7: the policy of the login does not allow reading it; add path "secret/data/app-7" { capabilities = ["read"] }',
    );
    for (let turn = 0; turn < 20; turn++) await failedRead(instance, `later-${turn}`);
    // One when it logged in, one after the refusals (or two, should they take more than a second).
    expect(count('auth/token/lookup-self')).toBeLessThanOrEqual(3);
  });

  test('treats a token without the right to look itself up as valid', async () => {
    script.live.add('ours');
    script.refusesLookup = true;
    script.denied = (path) => path.endsWith('forbidden');
    const instance = provider({ VAULT_TOKEN: 'ours' });
    expect((await failedRead(instance, 'forbidden')).code).toBe('ACCESS_DENIED');
    expect(await readTextOf(instance, refTo('app'))).toBe('v');
  });

  test('takes over the token that its file has now when the old one is dead', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'vault-session-'));
    const file = join(directory, 'token');
    writeFileSync(file, 'first\n');
    script.live.add('first');
    const instance = provider({ VAULT_TOKEN_FILE: file });
    await readTextOf(instance, refTo('app'));
    script.live = new Set(['second']);
    expect((await failedRead(instance)).code).toBe('UNAUTHENTICATED');
    writeFileSync(file, 'second\n');
    expect(await readTextOf(instance, refTo('app'))).toBe('v');
    rmSync(directory, { recursive: true });
  });

  test('does not ask again and again with a dead token, and shows it nowhere', async () => {
    const instance = provider({ VAULT_TOKEN: 'hvs.dead' });
    for (let turn = 0; turn < 20; turn++) {
      const error = await failedRead(instance);
      expect(error.code).toBe('UNAUTHENTICATED');
      expect(`${error.message} ${error.stack}`).not.toContain('hvs.dead');
    }
    expect(vault.seen.length).toBeLessThanOrEqual(2);
    script.live.add('hvs.dead');
    clock.advance(60_000);
    expect(await readTextOf(instance, refTo('app'))).toBe('v');
  });

  test('asks about a refused token each 5 s, however long it was refused', async () => {
    const instance = provider({ VAULT_TOKEN: 'ours' });
    for (let passedMs = 0; passedMs < 120_000; passedMs += 500) {
      expect((await failedRead(instance)).code).toBe('UNAUTHENTICATED');
      clock.advance(500);
    }
    expect(vault.seen.length).toBeLessThanOrEqual(25);
    script.live.add('ours');
    clock.advance(5_000);
    expect(await readTextOf(instance, refTo('app'))).toBe('v');
  });

  test('tells a dead token if the server only says "permission denied", as OpenBao does', async () => {
    const bao = await startScriptedVault(({ path, headers }) => {
      const live = headers['x-vault-token'] === 'live';
      if (path === 'sys/internal/ui/mounts') return data({ auth: {}, secret: live ? { 'secret/': {} } : {} });
      return permissionDenied;
    });
    const at = { VAULT_ADDR: bao.address };
    expect((await failedRead(provider({ ...at, VAULT_TOKEN: 'dead' }))).code).toBe('UNAUTHENTICATED');
    expect((await failedRead(provider({ ...at, VAULT_TOKEN: 'live' }))).code).toBe('ACCESS_DENIED');
    await bao.close();
  });
});

describe('an idle session', () => {
  test('is still renewed, less often after failures, and no longer after it is closed', async () => {
    const stepped = new SteppedClock();
    const outcomes: string[] = [];
    const events = {
      emit(event: ProductEvent) {
        if (event.type === 'provider.login') outcomes.push('logged in');
        if (event.type === 'provider.request-completed' && event.operation === 'renew') outcomes.push(event.outcome);
      },
    };
    const instance = providerOf({ VAULT_ADDR: vault.address, ...approle }, stepped, events);
    const passed = async (ms: number, expected: readonly string[]) => {
      outcomes.length = 0;
      stepped.advance(ms);
      await expect.poll(() => outcomes, { timeout: 10_000 }).toEqual(expected);
    };
    await readTextOf(instance, refTo('app'));
    await passed(2_300_000, []);
    await passed(200_000, ['ok', 'logged in']);
    script.renewAnswer = () => ({ status: 503, json: { errors: [] } });
    await passed(2_410_000, ['UNAVAILABLE']);
    // After 5 s and again after 10 s.
    await passed(1_000, []);
    await passed(10_000, ['UNAVAILABLE']);
    await passed(1_000, []);
    await passed(20_000, ['UNAVAILABLE']);
    await instance.close();
    await passed(120_000, []);
    // Were it asked still, that would have been before this.
    await readTextOf(provider(approle), refTo('app'));
    expect(outcomes).toEqual([]);
  });

  test('logs in with the credentials that its file has now, instead of a renewal', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'vault-session-'));
    const file = join(directory, 'secret-id');
    writeFileSync(file, 'first');
    const instance = provider({ ...approle, VAULT_SECRET_ID: '', VAULT_SECRET_ID_FILE: file });
    await readTextOf(instance, refTo('app'));
    const good = script.loginAnswer;
    script.loginAnswer = () => ({ status: 400, json: { errors: ['invalid role or secret ID'] } });
    writeFileSync(file, 'wrong');
    clock.advance(2_410_000);
    await readTextOf(instance, refTo('app'));
    await expect.poll(() => count('auth/token/renew-self')).toBe(1);
    script.loginAnswer = good;
    writeFileSync(file, 'second');
    clock.advance(2_410_000);
    await readTextOf(instance, refTo('app'));
    await expect.poll(() => count('auth/approle/login')).toBe(3);
    expect(count('auth/token/renew-self')).toBe(1);
    const bodies = vault.seen.filter(({ path }) => path === 'auth/approle/login').map(({ body }) => JSON.parse(body));
    expect(bodies.map(({ secret_id }) => secret_id)).toEqual(['first', 'wrong', 'second']);
    rmSync(directory, { recursive: true });
  });

  test('reports that a login needs a second factor, and does not retry it at once', async () => {
    script.loginAnswer = () => ({
      status: 200,
      json: { auth: { client_token: '', mfa_requirement: { mfa_request_id: 'id' }, lease_duration: 0 } },
    });
    const instance = provider({ VAULT_AUTH_METHOD: 'approle', VAULT_ROLE_ID: 'role', VAULT_SECRET_ID: 'secret-id' });
    for (let turn = 0; turn < 3; turn++)
      expect((await failedRead(instance)).message).toContain('requires a second factor');
    expect(count('auth/approle/login')).toBe(1);
  });
});
