import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certificateChain } from '@vault-swarm/lab';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { overview, rotateAnswer } from './testing/documents.ts';
import { type RunOptions, run } from './testing/run.ts';
import { problem, type ScriptedPlugin, startScriptedPlugin } from './testing/scripted-plugin.ts';

const directory = mkdtempSync(join(tmpdir(), 'cli-'));
let plugin: ScriptedPlugin;
let secure: ScriptedPlugin;
let authority = '';

beforeAll(async () => {
  plugin = await startScriptedPlugin({ 'GET /api/v1/overview': overview() });
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-subj', '/CN=test', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', 'key.pem', '-out', 'cert.pem'],
    ],
    { cwd: directory, stdio: 'ignore' },
  );
  authority = readFileSync(join(directory, 'cert.pem'), 'utf8');
  const key = readFileSync(join(directory, 'key.pem'), 'utf8');
  secure = await startScriptedPlugin({ 'GET /api/v1/overview': overview() }, { cert: authority, key });
});
afterAll(async () => {
  await Promise.all([plugin.close(), secure.close()]);
  rmSync(directory, { recursive: true });
});

/** The error of `status`, as a program sees it. */
async function errorOf(env: Readonly<Record<string, string>>, options: RunOptions & { readonly args?: string[] } = {}) {
  const { exitCode, stdout, stderr } = await run([...(options.args ?? ['status']), '--json'], { ...options, env });
  expect(stderr).toBe('');
  const { ok, error } = JSON.parse(stdout);
  expect(ok).toBe(false);
  expect(error.advice).toMatch(/\S.*\.$/);
  return { exitCode, ...error };
}

test('finds the plugin by what its own environment says', async () => {
  const env = { MONITORING_PORT: String(plugin.port), MONITORING_TOKEN: 'full', MONITORING_VIEW_TOKEN: 'view' };
  expect((await run(['status'], { env })).exitCode).toBe(0);
  expect(plugin.asked.at(-1)?.authorization).toBe('Bearer full');
});

test('reads address and token from files, less the newline at their ends', async () => {
  const files = { '/url': `${plugin.url}\n`, '/token': 'from-file\n' };
  const env = { VAULT_SWARM_URL_FILE: '/url', VAULT_SWARM_TOKEN_FILE: '/token', MONITORING_TOKEN: 'other' };
  expect((await run(['status'], { env, files })).exitCode).toBe(0);
  expect(plugin.asked.at(-1)?.authorization).toBe('Bearer from-file');
});

test('an address with a path asks below it', async () => {
  await run(['status', '--url', `${plugin.url}/below`]);
  expect(plugin.asked.at(-1)?.path).toBe('/below/api/v1/overview');
});

test.each([
  [{ VAULT_SWARM_URL: 'localhost:8080' }, 'VAULT_SWARM_URL: must be an address such as http://127.0.0.1:8080'],
  [{ VAULT_SWARM_URL: 'http://me:hunter2@x' }, 'without user, password'],
  [{ VAULT_SWARM_URL: 'http://x', VAULT_SWARM_URL_FILE: '/url' }, 'VAULT_SWARM_URL_FILE too'],
  [{ VAULT_SWARM_TOKEN: 'two words' }, 'VAULT_SWARM_TOKEN: must be of visible ASCII characters'],
  [{ VAULT_SWARM_TOKEN_FILE: '/none' }, 'names a file that does not exist'],
  [{ MONITORING_PORT: '0' }, 'set VAULT_SWARM_URL'],
  [{ VAULT_SWARM_CACERT: '/none' }, 'VAULT_SWARM_CACERT: "/none" does not exist'],
  [{ VAULT_SWARM_CACERT: '/url' }, 'contains no certificate'],
])('%j is wrong use, and the message names the variable', async (env, message) => {
  const error = await errorOf(env, { files: { '/url': 'http://x' } });
  expect(error).toMatchObject({ exitCode: 2, code: 'WRONG_USE' });
  expect(error.message).toContain(message);
  expect(JSON.stringify(error)).not.toContain('hunter2');
});

test('a port on which nothing listens', async () => {
  const closed = await startScriptedPlugin({});
  await closed.close();
  const error = await errorOf({ MONITORING_PORT: String(closed.port) });
  expect(error).toMatchObject({
    exitCode: 3,
    code: 'CONNECTION_REFUSED',
    message: `no process listens at ${closed.url}`,
  });
  expect(error.advice).toContain('Check MONITORING_PORT');
});

test('a name without an address', async () => {
  expect(await errorOf({ VAULT_SWARM_URL: 'http://nowhere.invalid' })).toMatchObject({
    exitCode: 3,
    code: 'NAME_UNKNOWN',
  });
});

test.each(['no answer at all', 'an answer that does not end'])('%s within --timeout', async (kind) => {
  plugin.say({
    'GET /api/v1/overview': (_: unknown, response: { write(text: string): void }) => {
      if (kind !== 'no answer at all') response.write('{"plug');
    },
  });
  const error = await errorOf({ VAULT_SWARM_URL: plugin.url }, { args: ['status', '--timeout', '100ms'] });
  expect(error).toMatchObject({ exitCode: 3, code: 'TIMEOUT', message: `${plugin.url} did not respond within 0.1 s` });
});

test('a token that is needed, or another one', async () => {
  plugin.say({ 'GET /api/v1/overview': problem(401, 'The token is needed.') });
  expect(await errorOf({ VAULT_SWARM_URL: plugin.url })).toMatchObject({ exitCode: 1, code: 'TOKEN_NEEDED' });
  const error = await errorOf({ VAULT_SWARM_URL: plugin.url, MONITORING_TOKEN: 'canary' });
  expect(error).toMatchObject({ exitCode: 1, code: 'TOKEN_REFUSED' });
  expect(error.message).toContain('MONITORING_TOKEN');
  expect(JSON.stringify(error)).not.toContain('canary');
});

test.each([
  [403, 'NOT_ALLOWED', 'MONITORING_TOKEN'],
  [404, 'NOT_FOUND', 'vault-swarm secrets'],
  [409, 'ROTATION_OFF', 'ENABLE_ROTATION=true'],
  [422, 'TOO_MANY_SERVICES', 'Name one service'],
  [429, 'TOO_MANY_REQUESTS', 'Retry in 7 s'],
  [503, 'NOT_READY', 'Retry in 7 s'],
  [500, 'UNEXPECTED', 'log'],
])('a rotation refused with %i is %s, with what the plugin said and what to do', async (status, code, advice) => {
  plugin.say({ 'POST /api/v1/rotate': problem(status, 'It said why.', { 'Retry-After': '7' }) });
  const error = await errorOf({ VAULT_SWARM_URL: plugin.url }, { args: ['rotate', 'db', '--yes'] });
  expect(error).toMatchObject({ exitCode: 1, code, message: 'It said why' });
  expect(error.advice).toContain(advice);
});

test('a plugin of another version', async () => {
  plugin.say({});
  expect(await errorOf({ VAULT_SWARM_URL: plugin.url })).toMatchObject({ exitCode: 1, code: 'OLD_PLUGIN' });
  plugin.say({ 'GET /api/v1/overview': { ...overview(), healthy: 'yes' } });
  const error = await errorOf({ VAULT_SWARM_URL: plugin.url });
  expect(error).toMatchObject({ exitCode: 1, code: 'OLD_PLUGIN' });
  expect(error.message).toContain('"healthy"');
});

test.each([
  ['a page', 200, '<html>'],
  ['an error page', 502, '<html>'],
])('something else that answers with %s is not the plugin', async (_, status, body) => {
  plugin.say({
    'GET /api/v1/overview': (_request: unknown, response: { statusCode: number; end(text: string): void }) => {
      response.statusCode = status;
      response.end(body);
    },
  });
  expect(await errorOf({ VAULT_SWARM_URL: plugin.url })).toMatchObject({ exitCode: 3, code: 'NOT_THE_PLUGIN' });
});

test('HTTPS is trusted by an authority of its own, and by nothing else', async () => {
  const env = { VAULT_SWARM_URL: secure.url };
  const error = await errorOf(env);
  expect(error).toMatchObject({ exitCode: 3, code: 'TLS' });
  expect(error.advice).toContain('VAULT_SWARM_CACERT');
  const trusting = { files: { '/ca.pem': authority }, env: { ...env, VAULT_SWARM_CACERT: '/ca.pem' } };
  expect((await run(['status'], trusting)).exitCode).toBe(0);
  const otherName = await errorOf({ ...trusting.env, VAULT_SWARM_URL: `https://localhost:${secure.port}` }, trusting);
  expect(otherName).toMatchObject({ exitCode: 3, code: 'TLS' });
  expect(otherName.advice).toContain('a name in the certificate');
});

test('an authority that another one issued is enough to trust HTTPS', async () => {
  const chain = certificateChain('IP:127.0.0.1');
  const issued = await startScriptedPlugin(
    { 'GET /api/v1/overview': overview() },
    { cert: chain.fullChain, key: chain.key },
  );
  const env = { VAULT_SWARM_URL: issued.url, VAULT_SWARM_CACERT: '/ca.pem' };
  const files = { '/ca.pem': readFileSync(chain.issuerFile, 'utf8') };
  expect((await run(['status'], { env, files })).exitCode).toBe(0);
  await issued.close();
  chain.remove();
});

test("asks by HTTPS if the plugin's own environment gives it a certificate", async () => {
  const env = {
    MONITORING_PORT: String(secure.port),
    MONITORING_TLS_CERT_FILE: '/ca.pem',
    VAULT_SWARM_CACERT: '/ca.pem',
  };
  expect((await run(['status'], { env, files: { '/ca.pem': authority } })).exitCode).toBe(0);
});

test('HTTP to an HTTPS port, and HTTPS to an HTTP port', async () => {
  const plain = await errorOf({ VAULT_SWARM_URL: secure.url.replace('https', 'http') });
  expect(plain).toMatchObject({ exitCode: 3, code: 'CONNECTION_FAILED' });
  expect(plain.advice).toContain('https://');
  const tls = await errorOf({ VAULT_SWARM_URL: plugin.url.replace('http', 'https') });
  expect(tls).toMatchObject({ exitCode: 3, code: 'TLS' });
  expect(tls.advice).toContain('http://');
});

test('a connection that breaks off', async () => {
  const server = createServer((socket) => socket.once('data', () => socket.destroy())).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  expect(await errorOf({ VAULT_SWARM_URL: `http://127.0.0.1:${port}` })).toMatchObject({
    exitCode: 3,
    code: 'CONNECTION_FAILED',
  });
  server.close();
});

test('a rotation is sent once, even if its answer is lost', async () => {
  let count = 0;
  plugin.say({
    'POST /api/v1/rotate': (_request: unknown, response: { destroy(): void }) => {
      count += 1;
      response.destroy();
    },
  });
  expect((await errorOf({ VAULT_SWARM_URL: plugin.url }, { args: ['rotate', 'db', '--yes'] })).exitCode).toBe(3);
  expect(count).toBe(1);
  plugin.say({ 'POST /api/v1/rotate': rotateAnswer('scheduled') });
});
