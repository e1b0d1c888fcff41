import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { HostileRequest } from './hostile-request.ts';

/** Plays a request against a socket. Resolves to what is wrong with how it was answered, or to nothing. */
export async function problemOf(socketPath: string, hostile: HostileRequest): Promise<string | undefined> {
  const { pieces, pauseMs, ending, answers, withinMs } = hostile;
  const startedAtMs = performance.now();
  const socket = connect({ path: socketPath, allowHalfOpen: true });
  const received: Buffer[] = [];
  // An answer to who is not done with sending breaks the connection for the sender: that is one way to be closed.
  socket
    .on('error', () => undefined)
    .on('data', (chunk: Buffer) => {
      received.push(chunk);
      // As the response requires.
      if (chunk.includes('Connection: close')) socket.end();
    });
  const closed = new Promise<'closed'>((resolve) => {
    socket.once('end', () => resolve('closed')).once('close', () => resolve('closed'));
  });
  const limit = new AbortController();
  const late = delay(withinMs, 'late' as const, { signal: limit.signal }).catch(() => 'late' as const);
  const sending = send();
  const outcome = await Promise.race([closed, late]);
  limit.abort();
  socket.destroy();
  await sending;
  const text = Buffer.concat(received).toString('latin1');
  const { statuses, problem } = readAnswers(text);
  const tookMs = Math.round(performance.now() - startedAtMs);
  if (outcome === 'late')
    return `${hostile.name}: neither answered nor closed in ${tookMs} ms; got ${statuses.join(' ')}`;
  if (problem !== undefined) return `${hostile.name}: ${problem}`;
  if (answers.some((right) => right.join() === statuses.join())) return undefined;
  return `${hostile.name}: answered ${statuses.join(' ') || 'nothing'} instead of ${answers.map((right) => right.join(' ') || 'nothing').join(' or ')}`;

  async function send(): Promise<void> {
    if (socket.connecting) await Promise.race([once(socket, 'connect').catch(() => undefined), closed]);
    for (const piece of pieces) {
      if (socket.destroyed || !socket.writable) return;
      socket.write(piece);
      if (pauseMs > 0) await delay(pauseMs);
    }
    if (ending === 'half-close') socket.end();
    if (ending === 'reset') socket.destroy();
  }
}

/** The statuses of all answers in a stream, each of which must be whole and have JSON with what it says. */
function readAnswers(text: string): { readonly statuses: readonly number[]; readonly problem?: string } {
  const statuses: number[] = [];
  for (let rest = text; rest !== ''; ) {
    const found = /^HTTP\/1\.1 (\d{3}) [^\r]+\r\n([\s\S]*?)\r\n\r\n/.exec(rest);
    if (found === null) return { statuses, problem: `what is no answer: ${JSON.stringify(rest.slice(0, 80))}` };
    const [head, status, headers = ''] = found;
    const length = Number(/content-length: (\d+)/i.exec(headers)?.[1]);
    const body = rest.slice(head.length, head.length + length);
    if (body.length !== length) return { statuses, problem: `an answer of ${body.length} bytes that says ${length}` };
    const fields = JSON.parse(body) as { readonly Value?: string; readonly Err?: string };
    if ((status === '200') !== (fields.Value !== undefined))
      return { statuses, problem: `${status} with ${body.slice(0, 99)}` };
    if (status !== '200' && !fields.Err) return { statuses, problem: `${status} without a reason` };
    statuses.push(Number(status));
    rest = rest.slice(head.length + length);
  }
  return { statuses };
}
