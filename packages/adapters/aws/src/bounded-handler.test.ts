import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import { expect, test } from 'vitest';
import { providerOf, refTo, variablesFor } from './testing/configured.ts';

const CHUNK = Buffer.alloc(256 * 1024, 'x');

test('an answer without an end is not read for longer than any answer of AWS', async () => {
  let written = 0;
  const closed = Promise.withResolvers<void>();
  const server = createServer((_, response) => {
    response.writeHead(200, { 'Content-Type': 'application/x-amz-json-1.1' }).write('{"SecretString":"');
    const more = () => {
      while (!response.destroyed && response.write(CHUNK)) written += CHUNK.length;
    };
    response.on('drain', more).on('close', closed.resolve);
    more();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const provider = providerOf(variablesFor(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  try {
    const { code, message, retryable } = await vaultErrorOf(provider.secrets.read(refTo('db'), soon()));
    expect([code, message, retryable]).toEqual([
      'INVALID_PAYLOAD',
      expect.stringContaining('the response is larger than any of AWS; check AWS_ENDPOINT_URL'),
      // What was read before is kept.
      true,
    ]);
    await closed.promise;
    // What was in progress when it was given up was written too.
    expect(written).toBeLessThan(64 * 1024 * 1024);
  } finally {
    await provider.close();
    server.close();
    server.closeAllConnections();
  }
});

test.each([
  ['brackets', `${'['.repeat(4_000_000)}${']'.repeat(4_000_000)}`],
  ['500,000 fields', JSON.stringify(Array(500_000).fill({}))],
])('an answer of %s is not parsed', async (_what, text) => {
  for (const status of [200, 400]) {
    const server = createServer((_, response) => {
      response.writeHead(status, { 'Content-Type': 'application/x-amz-json-1.1' }).end(text);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const provider = providerOf(variablesFor(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
    try {
      const error = await vaultErrorOf(provider.secrets.read(refTo('db'), soon()));
      expect(error).toMatchObject({ code: 'INVALID_PAYLOAD', isProven: false });
    } finally {
      await provider.close();
      server.close();
      server.closeAllConnections();
    }
  }
});
