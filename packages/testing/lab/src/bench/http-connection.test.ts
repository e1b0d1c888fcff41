import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { HttpConnection, NoResponse } from './http-connection.ts';

let server: Server;
let connections = 0;
let answer: (response: ServerResponse, body: string) => void;
let connection: HttpConnection;

beforeEach(async () => {
  connections = 0;
  server = createServer(async (request, response) => {
    let body = '';
    request.setEncoding('utf8');
    for await (const chunk of request) body += chunk;
    answer(response, body);
  }).listen(0, '127.0.0.1');
  server.on('connection', () => {
    connections += 1;
  });
  await once(server, 'listening');
  connection = new HttpConnection({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
});
afterEach(() => {
  connection.close();
  server.closeAllConnections();
  server.close();
});

const ask = async (body: string, timeoutMs = 10_000) => {
  const request = { method: 'POST', path: '/', headers: { Host: '' }, body };
  const { status, body: answered } = await connection.request(request, timeoutMs);
  return `${status} ${answered}`;
};

it('reuses one connection for responses with a length and for chunked ones', async () => {
  answer = (response, body) => response.end(body);
  expect(await ask('é'.repeat(100_000))).toBe(`200 ${'é'.repeat(100_000)}`);
  answer = (response, body) => {
    response.writeHead(404);
    response.write(body);
    response.write(', and ');
    response.end('more');
  };
  expect(await ask('some')).toBe('404 some, and more');
  expect(connections).toBe(1);
});

it('closes after a response with `Connection: close`', async () => {
  answer = (response, body) => response.setHeader('Connection', 'close').end(body);
  expect(await ask('last')).toBe('200 last');
  expect(connection.isOpen).toBe(false);
  await expect(ask('more')).rejects.toThrow('the connection is closed');
});

it('fails after the timeout, and if the server closes the connection', async () => {
  answer = () => undefined;
  await expect(ask('nothing', 50)).rejects.toThrow(NoResponse);
  answer = (response) => response.destroy();
  connection = new HttpConnection({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  await expect(ask('nothing')).rejects.toThrow('closed before the answer');
});
