import childProcess from 'node:child_process';
import { EventEmitter } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, EventBus } from '@vault-swarm/kernel';
import { type AzureFake, azurePrincipal, startAzureFake } from '@vault-swarm/lab';
import { realClock, ShiftedClock } from '@vault-swarm/lab/clocks';
import { readTextOf, soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import type { Variables } from '@vault-swarm/lab/variables';
import type { ProductEvent } from '@vault-swarm/provider';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { providerOf, refTo, variablesFor } from '../testing/configured.ts';

let azure: AzureFake;
let directory: string;
const open: (() => Promise<void>)[] = [];

beforeEach(async () => {
  azure = await startAzureFake();
  azure.vault.write('db', 'x');
  directory = mkdtempSync(join(tmpdir(), 'azure-cli-'));
  vi.stubEnv('PATH', `${directory}:${process.env.PATH}`);
});
afterEach(async () => {
  for (const close of open.splice(0)) await close();
  vi.unstubAllEnvs();
  await azure.stop();
  rmSync(directory, { recursive: true });
});

/** Puts a program named `az` first on the PATH. It writes its arguments, one a line, to the file `arguments`. */
function installAz(commands: string): void {
  const path = join(directory, 'az');
  writeFileSync(path, `#!/bin/sh\nprintf '%s\\n' "$@" >${directory}/arguments\n${commands}\n`);
  chmodSync(path, 0o755);
}

/** What `az` prints, with a token that the fake accepts. */
async function printedToken(end: object): Promise<string> {
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_secret: azurePrincipal.clientSecret });
  const url = `${azure.endpoint}/${azurePrincipal.tenantId}/oauth2/v2.0/token`;
  const { access_token: accessToken } = Object(await (await fetch(url, { method: 'POST', body: form })).json());
  const others = { subscription: 'a', tenant: azurePrincipal.tenantId, tokenType: 'Bearer' };
  return `cat <<'END'\n${JSON.stringify({ accessToken, ...end, ...others }, null, 2)}\nEND`;
}

function opened(variables: Variables = {}, options: Parameters<typeof providerOf>[1] = {}) {
  const { AZURE_VAULT_URL } = variablesFor(azure.endpoint);
  const cli = { AZURE_VAULT_URL, AZURE_TOKEN_CREDENTIALS: 'AzureCliCredential' };
  const provider = providerOf({ ...cli, ...variables }, options);
  open.push(() => provider.close());
  return provider;
}
const errorOf = (options?: Parameters<typeof providerOf>[1]) =>
  vaultErrorOf(opened({}, options).secrets.read(refTo('db'), soon()));

const inAnHour = () => Date.now() + 3_600_000;

test('the token of az is used for the vault', async () => {
  installAz(await printedToken({ expires_on: Math.floor(inAnHour() / 1000) }));
  expect(await readTextOf(opened(), refTo('db'))).toBe('x');
  const plain = ['account', 'get-access-token', '--output', 'json', '--resource', 'https://vault.azure.net'];
  expect(readFileSync(join(directory, 'arguments'), 'utf8')).toBe(`${plain.join('\n')}\n`);
  await readTextOf(opened({ AZURE_TENANT_ID: 'contoso.example' }), refTo('db'));
  const tenant = [...plain, '--tenant', 'contoso.example'];
  expect(readFileSync(join(directory, 'arguments'), 'utf8')).toBe(`${tenant.join('\n')}\n`);
});

test('the end of the token is reported, also if an old az gives it in local time', async () => {
  const events = new EventBus<ProductEvent>(realClock);
  const seen: ProductEvent[] = [];
  events.subscribe((event) => seen.push(event));
  const date = new Date(inAnHour());
  const two = (number: number) => String(number).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.000000`;
  installAz(await printedToken({ expiresOn: `${day} ${time}` }));
  await readTextOf(opened({}, { events }), refTo('db'));
  expect(seen).toMatchObject([
    { type: 'provider.request-completed', operation: 'login', outcome: 'ok' },
    { type: 'provider.login', expiresAtMs: expect.closeTo(date.getTime(), -4) },
    { type: 'provider.request-completed', operation: 'read' },
  ]);
});

test('az is run again before the token ends', async () => {
  const clock = new ShiftedClock();
  installAz(`echo run >>${directory}/runs\n${await printedToken({ expires_on: Math.floor(inAnHour() / 1000) })}`);
  const provider = opened({}, { clock });
  const runs = () => readFileSync(join(directory, 'runs'), 'utf8').length / 'run\n'.length;
  await readTextOf(provider, refTo('db'));
  await readTextOf(provider, refTo('db'));
  expect(runs()).toBe(1);
  clock.advance(56 * 60_000);
  await readTextOf(provider, refTo('db'));
  await expect.poll(runs).toBe(2);
});

const CANARY = 'canary-of-the-output';
test.for<[string, string, string, string]>([
  [
    'has no login',
    `echo "ERROR: Please run 'az login' to setup account. ${CANARY}" >&2; exit 1`,
    'UNAUTHENTICATED',
    'azure: az has no valid login; run "az login" as the user of this process, with --tenant and the tenant of the vault',
  ],
  [
    'has a login that ended',
    `echo "ERROR: AADSTS700082: The refresh token has expired. ${CANARY}" >&2; exit 1`,
    'UNAUTHENTICATED',
    '(AADSTS700082)',
  ],
  ['fails', `echo ${CANARY} >&2; echo ${CANARY}; exit 3`, 'UNAVAILABLE', 'az fails to get a token; run'],
  ['prints no JSON', `echo '<html>${CANARY}'`, 'UNAVAILABLE', 'az prints no valid token'],
  ['prints no end', `echo '{"accessToken": "${CANARY}"}'`, 'UNAVAILABLE', 'az prints no valid token'],
  [
    'prints a token that ended',
    `echo '{"accessToken": "${CANARY}", "expires_on": 1}'`,
    'UNAVAILABLE',
    'az prints no valid token',
  ],
  ['never stops printing', `yes ${CANARY}`, 'UNAVAILABLE', 'az fails to get a token'],
])('an az that %s is an error, which shows nothing of its output', async ([_, commands, code, message]) => {
  installAz(commands);
  const error = await errorOf();
  expect(error).toMatchObject({ code, retryable: true });
  expect(error.message).toContain(message);
  expect(JSON.stringify([error.message, String(error.cause)])).not.toContain(CANARY);
});

test('a missing az is an error that says what to install', async () => {
  vi.stubEnv('PATH', directory);
  expect(await errorOf()).toMatchObject({
    code: 'UNAUTHENTICATED',
    message: expect.stringContaining('the program az is not found; install the Azure CLI'),
  });
});

test('an az that can not be started, since no file is free, is an error and does not end the process', async () => {
  // Node starts no streams then, and emits the error later.
  const child = new EventEmitter() as childProcess.ChildProcess;
  const spawn = vi.spyOn(childProcess, 'spawn').mockImplementation(() => {
    process.nextTick(() => child.emit('error', Object.assign(new Error('spawn az EMFILE'), { code: 'EMFILE' })));
    return child;
  });
  syncBuiltinESMExports();
  open.push(async () => {
    spawn.mockRestore();
    syncBuiltinESMExports();
  });
  expect(await errorOf()).toMatchObject({ code: 'UNAVAILABLE', message: "azure: az can't be started (EMFILE)" });
});

/** Whether a process exists that has not ended. */
function isRunning(pid: string): boolean {
  try {
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** The process that an `az` which hangs has started. */
async function startedByHangingAz(): Promise<string> {
  const path = join(directory, 'pid');
  const read = () => {
    try {
      return readFileSync(path, 'utf8').trim();
    } catch {
      return '';
    }
  };
  await expect.poll(read).not.toBe('');
  return read();
}
const HANG = (directory: string) => `sleep 600 &\necho $! >${directory}/pid\nwait`;

test('an az that hangs is killed after ten seconds, with what it started', async () => {
  installAz(HANG(directory));
  const deadlines: (() => void)[] = [];
  const after: Clock['after'] = (_, end) => {
    deadlines.push(end);
    return () => undefined;
  };
  const reading = errorOf({ clock: { ...realClock, after } });
  const pid = await startedByHangingAz();
  for (const end of deadlines) end();
  expect(await reading).toMatchObject({ code: 'UNAVAILABLE', message: 'azure: az did not end within 10000 ms' });
  await expect.poll(() => isRunning(pid)).toBe(false);
});

test('a provider that is closed ends az', async () => {
  installAz(HANG(directory));
  const provider = opened();
  const reading = vaultErrorOf(provider.secrets.read(refTo('db'), soon()));
  const pid = await startedByHangingAz();
  await provider.close();
  expect(await reading).toMatchObject({ code: 'UNAVAILABLE' });
  await expect.poll(() => isRunning(pid)).toBe(false);
});

test('az gets no credential of this process', async () => {
  vi.stubEnv('VAULT_TOKEN', 'only for Vault');
  vi.stubEnv('AZURE_CONFIG_DIR', '/a/place');
  installAz(`env >${directory}/environment\nexit 1`);
  await errorOf();
  const variables = readFileSync(join(directory, 'environment'), 'utf8');
  expect(variables).toContain('AZURE_CONFIG_DIR=/a/place');
  expect(variables).not.toContain('only for Vault');
});
