import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { createRequire } from 'node:module';
import { createServer as createRawServer } from 'node:net';
import { inspect } from 'node:util';
import { ownTimeOf, realClock } from '@vault-swarm/lab/clocks';
import { soon } from '@vault-swarm/lab/provider-calls';
import { unheard, type Variables } from '@vault-swarm/lab/variables';
import { ProviderError } from '@vault-swarm/provider';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { VaultClient } from './client.ts';
import { certificate } from './testing/certificate.ts';
import { configOf, random } from './testing/configured.ts';
import { listenOn } from './testing/listening.ts';
import {
  type ScriptedAnswer,
  type ScriptedVault,
  type SeenRequest,
  startScriptedVault,
} from './testing/scripted-vault.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const close of closing.splice(0)) await close();
});

async function server(answer: (request: SeenRequest) => ScriptedAnswer | undefined): Promise<ScriptedVault> {
  const started = await startScriptedVault(answer);
  closing.push(started.close);
  return started;
}

function client(address: string, variables: Variables = {}): VaultClient {
  const config = configOf({ VAULT_ADDR: address, VAULT_TOKEN: 'unused', ...variables });
  const made = new VaultClient(config, { name: 'vault', clock: realClock, random, events: unheard });
  closing.push(() => made.close());
  return made;
}

async function rejection(promise: Promise<unknown>): Promise<ProviderError> {
  const error = await promise.then(
    () => new Error('it resolved'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ProviderError)) throw error;
  return error;
}

describe('the client of Vault', () => {
  test('takes nothing from the environment of the process', async () => {
    vi.stubEnv('VAULT_TOKEN', 'leaked-token');
    vi.stubEnv('VAULT_NAMESPACE', 'leaked-namespace');
    vi.stubEnv('VAULT_ADDR', 'http://127.0.0.1:1');
    vi.stubEnv('VAULT_PREFIX', '/leaked-prefix');
    const { address, seen } = await server(() => ({ status: 200, json: {} }));
    const vault = client(address);
    await vault.request({ operation: 'read', method: 'GET', path: 'secret/data/app', ...soon() });
    await vault.request({ operation: 'read', method: 'GET', path: 'secret/data/app', token: 'ours', ...soon() });
    expect(seen.map(({ path, headers }) => [path, headers['x-vault-token']])).toEqual([
      ['secret/data/app', undefined],
      ['secret/data/app', 'ours'],
    ]);
    expect(JSON.stringify(seen)).not.toContain('leaked');
  });

  test('sends the namespace that is configured', async () => {
    const { address, seen } = await server(() => ({ status: 200, json: {} }));
    await client(address, { VAULT_NAMESPACE: 'team/a' }).request({
      operation: 'read',
      method: 'GET',
      path: 'x',
      ...soon(),
    });
    expect(seen[0]?.headers['x-vault-namespace']).toBe('team/a');
  });

  test('prints no credential if DEBUG is set for node-vault', async () => {
    const { address } = await server(() => ({ status: 200, json: {} }));
    const lines: string[] = [];
    const write = vi.spyOn(process.stderr, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
    const nodeVaultPath = createRequire(import.meta.url).resolve('node-vault');
    const logger = createRequire(nodeVaultPath)('debug') as { enable(names: string): void; disable(): void };
    logger.enable('node-vault');
    await client(address).request({
      operation: 'read',
      method: 'POST',
      path: 'x',
      body: { secret_id: 'hidden' },
      ...soon(),
    });
    logger.disable();
    write.mockRestore();
    expect(lines.join('')).not.toContain('hidden');
  });

  test('keeps the characters of numbers if that is asked for, and its connections', async () => {
    const { address, connections } = await server(() => ({
      status: 200,
      json: '{"data":{"n":12345678901234567890,"f":1.0}}',
    }));
    const vault = client(address);
    for (let turn = 0; turn < 20; turn++) {
      const { body } = await vault.request({
        operation: 'read',
        method: 'GET',
        path: 'x',
        exactNumbers: true,
        ...soon(),
      });
      expect(JSON.stringify(body)).toBe('{"data":{"n":12345678901234567890,"f":1.0}}');
    }
    expect(connections()).toBeLessThanOrEqual(2);
  });

  test('opens no more than 16 connections', async () => {
    const { address, connections } = await server(() => ({ status: 200, json: {} }));
    const vault = client(address);
    await Promise.all(
      Array.from({ length: 100 }, () => vault.request({ operation: 'read', method: 'GET', path: 'x', ...soon() })),
    );
    expect(connections()).toBeLessThanOrEqual(16);
  });

  test('returns the status of an error, also if the path looks like sys/health', async () => {
    const { address } = await server(() => ({ status: 404, json: { errors: [] } }));
    const answer = await client(address).request({
      operation: 'read',
      method: 'GET',
      path: 'secret/data/sys/health',
      ...soon(),
    });
    expect(answer.status).toBe(404);
  });

  test('ends an aborted call within 100 ms', async () => {
    const { address } = await server(() => 'hang');
    const controller = new AbortController();
    const call = client(address).request({ operation: 'read', method: 'GET', path: 'x', signal: controller.signal });
    setTimeout(() => controller.abort(new Error('the reason')), 30);
    const error = rejection(call);
    expect(await ownTimeOf(() => error)).toBeLessThan(130);
    expect((await error).code).toBe('UNAVAILABLE');
  });

  test('ends a call that gets no answer at its deadline', async () => {
    const { address } = await server(() => 'hang');
    const impatient = { ...realClock, after: (_ms: number, callback: () => void) => realClock.after(20, callback) };
    const vault = new VaultClient(configOf({ VAULT_ADDR: address, VAULT_TOKEN: 'x' }), {
      name: 'vault',
      clock: impatient,
      random,
      events: unheard,
    });
    closing.push(() => vault.close());
    const error = await rejection(vault.request({ operation: 'read', method: 'GET', path: 'x', ...soon() }));
    const advice = 'check VAULT_ADDR, any firewall or proxy on the way, and whether the server is overloaded';
    const message = `vault at ${address} did not answer within 10000 ms; ${advice}`;
    expect(error).toMatchObject({ code: 'UNAVAILABLE', message });
    const shorter = await rejection(
      client(address).request({ operation: 'read', method: 'GET', path: 'x', deadlineMs: 30, ...soon() }),
    );
    expect(shorter.message).toBe(`vault at ${address} did not answer within 30 ms; ${advice}`);
  });

  test('says how a server is unreachable', async () => {
    const { address, close } = await server(() => undefined);
    await close();
    const error = await rejection(client(address).request({ operation: 'read', method: 'GET', path: 'x', ...soon() }));
    expect(error).toMatchObject({
      code: 'UNAVAILABLE',
      message: `vault at ${address} can't be reached: nothing listens at its address (ECONNREFUSED); check VAULT_ADDR, and that it runs; in a container, this address is the container itself`,
    });
  });

  test('goes on with a new connection after the server was restarted', async () => {
    const { address, close } = await startScriptedVault(() => ({ status: 200, json: {} }));
    const vault = client(address);
    await vault.request({ operation: 'read', method: 'GET', path: 'x', ...soon() });
    await close();
    expect((await rejection(vault.request({ operation: 'read', method: 'GET', path: 'x', ...soon() }))).code).toBe(
      'UNAVAILABLE',
    );
    const again = createServer((_request, response) => response.end('{}'));
    await listenOn(again, Number(new URL(address).port));
    closing.push(async () => {
      again.closeAllConnections();
      again.close();
    });
    expect((await vault.request({ operation: 'read', method: 'GET', path: 'x', ...soon() })).status).toBe(200);
  });

  test('sends a read again if a kept connection was just closed, and a login never', async () => {
    const closed: string[] = [];
    let closeNext = false;
    const impatient = createRawServer((socket) => {
      const answerOrClose = (request: Buffer) => {
        if (!closeNext) return void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}');
        closeNext = false;
        closed.push(request.toString().split(' ')[0] ?? '');
        socket.destroy();
      };
      socket.on('error', () => {}).on('data', answerOrClose);
    });
    const vault = client(`http://127.0.0.1:${await listenOn(impatient)}`);
    closing.push(async () => void impatient.close());
    const read = () => vault.request({ operation: 'read', method: 'GET', path: 'x', ...soon() });
    expect((await read()).status).toBe(200);
    closeNext = true;
    expect((await read()).status).toBe(200);
    closeNext = true;
    const logIn = vault.request({ operation: 'read', method: 'POST', path: 'x', body: {}, ...soon() });
    expect((await rejection(logIn)).code).toBe('UNAVAILABLE');
    expect(closed).toEqual(['GET', 'POST']);
  });

  test('shows its certificate to a server that asks for one', async () => {
    const { cert, key, certFile, keyFile, remove } = certificate();
    const asking = createSecureServer({ cert, key, ca: cert, requestCert: true }, (_request, response) =>
      response.end('{}'),
    );
    const address = `https://127.0.0.1:${await listenOn(asking)}`;
    closing.push(async () => {
      asking.closeAllConnections();
      asking.close();
      await remove();
    });
    const call = { operation: 'read', method: 'GET', path: 'x', ...soon() } as const;
    expect((await rejection(client(address, { VAULT_CACERT: certFile }).request(call))).code).toBe('UNAVAILABLE');
    const displayName = client(address, {
      VAULT_CACERT: certFile,
      VAULT_CLIENT_CERT: certFile,
      VAULT_CLIENT_KEY: keyFile,
    });
    expect((await displayName.request(call)).status).toBe(200);
  });

  test('shows nothing of an answer that is no JSON', async () => {
    const { address } = await server(({ path }) => ({
      status: path === 'bad' ? 502 : 200,
      json: '{"password": s3cret',
    }));
    const error = await rejection(client(address).request({ operation: 'read', method: 'GET', path: 'x', ...soon() }));
    expect(error.code).toBe('UNAVAILABLE');
    expect(inspect(error)).not.toContain('s3cret');
    expect(await client(address).request({ operation: 'read', method: 'GET', path: 'bad', ...soon() })).toMatchObject({
      status: 502,
      body: undefined,
    });
  });

  test('refuses an answer that is too large', async () => {
    const { address } = await server(() => ({ status: 200, json: `"${'s3cret'.repeat(2_000_000)}"` }));
    const error = await rejection(client(address).request({ operation: 'read', method: 'GET', path: 'x', ...soon() }));
    expect(error.code).toBe('INVALID_PAYLOAD');
    expect(inspect(error)).not.toContain('s3cret');
  });

  test.each([
    ['8 MB of brackets', `${'['.repeat(4_000_000)}${']'.repeat(4_000_000)}`, 'has more than 600 levels'],
    ['500,000 fields', JSON.stringify(Array(500_000).fill({})), 'has more than 50000 values'],
  ])(
    'refuses an answer of %s without parsing it, and says nothing of the value before',
    async (_what, text, reason) => {
      for (const status of [200, 400, 403]) {
        const { address } = await server(() => ({ status, json: text }));
        const call = { operation: 'read', method: 'GET', path: 'x', exactNumbers: true, ...soon() } as const;
        expect(await rejection(client(address).request(call))).toMatchObject({
          code: 'INVALID_PAYLOAD',
          message: expect.stringContaining(reason),
          isProven: false,
        });
      }
    },
  );

  test('follows one redirect, as of a standby, with the token', async () => {
    const active = await server(() => ({ status: 200, json: { data: 'active' } }));
    const standby = await server(({ path }) => ({
      status: 307,
      json: '',
      headers: { Location: `${active.address}/v1/${path}` },
    }));
    const call = { operation: 'read', method: 'GET', path: 'secret/data/x', token: 't', ...soon() } as const;
    const answer = await client(standby.address).request(call);
    expect(answer.body).toEqual({ data: 'active' });
    expect(active.seen[0]?.headers['x-vault-token']).toBe('t');
    const loop: ScriptedVault = await server(() => ({ status: 307, json: '', headers: { Location: '/v1/again' } }));
    expect((await rejection(client(loop.address).request(call))).message).toContain('only one redirect is followed');
    expect(loop.seen.length).toBe(2);
  });

  test.each([
    [
      'http://127.0.0.1:1',
      "redirects to http://127.0.0.1:1, which can't be reached: nothing listens at its address (ECONNREFUSED); check the server's api_addr",
    ],
    [
      'ftp://active.test/x?token=hidden',
      'redirects to ftp://active.test, which is not followed because it is not https',
    ],
  ])('says where a redirect to %s leads, and that it is not followed', async (Location, message) => {
    const standby = await server(() => ({ status: 307, json: '', headers: { Location } }));
    const call = { operation: 'read', method: 'GET', path: 'x', ...soon() } as const;
    const error = await rejection(client(standby.address).request(call));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining(message) });
    expect(error.message).not.toContain('hidden');
  });
});
