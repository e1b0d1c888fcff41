import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { type Clock, DeadlineExceeded, withDeadline } from '@vault-swarm/kernel';
import { type Events, ProviderError } from '@vault-swarm/provider';
import { type AccessToken, fieldAt, textAt } from '@vault-swarm/rest-client';
import type { AzureLogin } from './config.ts';

/** How long `az` may run. It starts within a second or two. */
const DEADLINE_MS = 10_000;
/** The most characters that `az` may write. A token has about 2,000. */
const MAX_OUTPUT = 65_536;

/** The variables that `az` gets: not the credentials of this process. */
const PASSED_ON = [
  ...(['PATH', 'HOME', 'TMPDIR', 'LANG', 'LC_ALL', 'AZURE_CONFIG_DIR'] as const),
  ...(['REQUESTS_CA_BUNDLE', 'SSL_CERT_FILE', 'HTTPS_PROXY', 'https_proxy'] as const),
  ...(['HTTP_PROXY', 'http_proxy', 'NO_PROXY', 'no_proxy'] as const),
];

/** What a login by `az` needs besides its configuration. */
export interface CliOptions {
  /** The provider instance's name. */
  readonly name: string;
  readonly clock: Clock;
  readonly events: Events;
  /** For what the token is requested. */
  readonly resource: string;
}

interface Output {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Gets a token of the person who logged in with `az login`. Rejects with a `ProviderError`, which contains nothing of the
 * output but Entra ID's error number.
 *
 * @see https://learn.microsoft.com/cli/azure/account#az-account-get-access-token
 */
export async function cliToken(
  { tenantId }: Extract<AzureLogin, { kind: 'cli' }>,
  { name, clock, events, resource }: CliOptions,
  signal: AbortSignal,
): Promise<AccessToken> {
  const tenant = tenantId === undefined ? [] : ['--tenant', tenantId];
  const args = ['account', 'get-access-token', '--output', 'json', '--resource', resource, ...tenant];
  const startedAtMs = clock.monotonic();
  const report = (outcome: 'ok' | ProviderError['code']) => {
    const durationMs = clock.monotonic() - startedAtMs;
    events.emit({ type: 'provider.request-completed', provider: name, operation: 'login', outcome, durationMs });
  };
  try {
    const output = await withDeadline(clock, DEADLINE_MS, signal, (own) => runAz(args, own));
    const token = tokenIn(output, name, clock.now());
    report('ok');
    return token;
  } catch (error) {
    const failure = failureOf(error, name);
    report(failure.code);
    throw failure;
  }
}

/** Runs `az` without a shell. `az` and the programs that it started are killed if `signal` is aborted. */
function runAz(args: readonly string[], signal: AbortSignal): Promise<Output> {
  // In a process group of its own, because the packages of `az` are a shell script that starts Python.
  const env = Object.fromEntries(PASSED_ON.map((name) => [name, process.env[name]]));
  const child = spawn('az', args, { cwd: '/', env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const { promise, resolve, reject } = Promise.withResolvers<Output>();
  const output = { stdout: '', stderr: '' };
  child.once('error', reject);
  child.once('close', (exitCode) => resolve({ exitCode, ...output }));
  for (const name of ['stdout', 'stderr'] as const) {
    // If no file is free, Node starts no streams, although its types have them. It emits the error later.
    const stream: Readable | undefined = child[name];
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
      if (output.stdout.length + output.stderr.length > MAX_OUTPUT) killGroup(child);
    });
  }
  const abort = () => killGroup(child);
  signal.addEventListener('abort', abort, { once: true });
  return promise.finally(() => signal.removeEventListener('abort', abort));
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has already ended.
  }
}

function tokenIn({ exitCode, stdout, stderr }: Output, name: string, nowMs: number): AccessToken {
  if (exitCode !== 0) throw azError(stderr, name);
  let body: unknown;
  try {
    body = JSON.parse(stdout);
  } catch {
    // The error of JSON.parse shows a part of the text.
  }
  const token = textAt(body, 'accessToken');
  // Before 2.54, `az` has only the local time.
  const expiresAtMs = Number(fieldAt(body, 'expires_on')) * 1000 || Date.parse(textAt(body, 'expiresOn') ?? '');
  const expiresInMs = expiresAtMs - nowMs;
  if (token === undefined || !/^[\x21-\x7e]+$/.test(token) || !(expiresInMs > 0)) {
    throw new ProviderError('UNAVAILABLE', `${name}: az prints no valid token; update the Azure CLI`);
  }
  return { token, expiresInMs };
}

function azError(stderr: string, name: string): ProviderError {
  const number = /\bAADSTS\d{4,8}\b/.exec(stderr)?.[0];
  if (number === undefined && !stderr.includes('az login')) {
    const advice = 'run "az account get-access-token --query expiresOn" to see why';
    return new ProviderError('UNAVAILABLE', `${name}: az fails to get a token; ${advice}`);
  }
  const shown = number === undefined ? '' : ` (${number})`;
  const advice = 'run "az login" as the user of this process, with --tenant and the tenant of the vault';
  return new ProviderError('UNAUTHENTICATED', `${name}: az has no valid login; ${advice}${shown}`);
}

function failureOf(error: unknown, name: string): ProviderError {
  if (error instanceof ProviderError) return error;
  if (error instanceof DeadlineExceeded) {
    return new ProviderError('UNAVAILABLE', `${name}: az did not end within ${error.deadlineMs} ms`);
  }
  // An abort, or az can't be started.
  const code = textAt(error, 'code');
  if (code === undefined) return new ProviderError('UNAVAILABLE', `${name}: the login was aborted`);
  if (code !== 'ENOENT' && code !== 'EACCES')
    return new ProviderError('UNAVAILABLE', `${name}: az can't be started (${code})`);
  const advice = 'install the Azure CLI, or remove AZURE_TOKEN_CREDENTIALS and use another login';
  return new ProviderError('UNAUTHENTICATED', `${name}: the program az is not found; ${advice}`);
}
