import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const DEADLINE_MS = 5_000;

/** Sends exactly these bytes, and gives all that came back until the server closed or a whole answer was there. */
export async function sendRaw(address: string, text: string | Buffer): Promise<string> {
  const socket = await connectTo(address);
  let received = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    received += chunk;
  });
  socket.on('error', () => {});
  socket.end(text);
  if (!socket.closed) await once(socket, 'close', { signal: AbortSignal.timeout(DEADLINE_MS) });
  return received;
}

/** A connection on which nothing was sent yet. */
export async function connectTo(address: string): Promise<Socket> {
  const { hostname, port } = new URL(address);
  const socket = connect({ host: hostname, port: Number(port) });
  await once(socket, 'connect', { signal: AbortSignal.timeout(DEADLINE_MS) });
  return socket;
}

/** The statuses of all answers in what was received. */
export function statusesOf(received: string): readonly number[] {
  return [...received.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status));
}
