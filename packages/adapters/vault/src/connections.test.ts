import { createServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { realClock } from '@vault-swarm/lab/clocks';
import { soon } from '@vault-swarm/lab/provider-calls';
import { unheard } from '@vault-swarm/lab/variables';
import { afterEach, expect, test } from 'vitest';
import { VaultClient } from './client.ts';
import { certificate } from './testing/certificate.ts';
import { configOf, random } from './testing/configured.ts';
import { listenOn } from './testing/listening.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}

test('TLS sessions are resumed when a connection is opened again, also after a garbage collection', async () => {
  const { cert, key, certFile, remove } = certificate();
  closing.push(remove);
  const resumed: boolean[] = [];
  const protocols = new Set<string | false | null>();
  const server = createServer({ cert, key, ALPNProtocols: ['h2', 'http/1.1'] }, (_request, response) =>
    response.end('{}'),
  );
  server.on('secureConnection', (socket: TLSSocket) => {
    resumed.push(socket.isSessionReused());
    protocols.add(socket.alpnProtocol);
  });
  const address = `https://127.0.0.1:${await listenOn(server)}`;
  closing.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  const config = configOf({ VAULT_ADDR: address, VAULT_TOKEN: 'unused', VAULT_CACERT: certFile });
  const client = new VaultClient(config, { name: 'vault', clock: realClock, random, events: unheard });
  closing.push(() => client.close());
  const ask = () => client.request({ operation: 'read', method: 'GET', path: 'x', ...soon() });
  for (let turn = 0; turn < 3; turn++) {
    expect((await ask()).status).toBe(200);
    collectGarbage();
    server.closeAllConnections();
  }
  expect(resumed).toEqual([false, true, true]);
  // With HTTP/2 one connection would carry all calls, and hold all of them up.
  expect([...protocols]).toEqual(['http/1.1']);
});
