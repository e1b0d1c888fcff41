import { request } from 'node:http';
import { json } from 'node:stream/consumers';
import { boundedBytes, errorMessage } from '@vault-swarm/kernel';
import * as z from 'zod';

/** What came of asking a socket. */
export type SocketAnswer =
  | { readonly kind: 'missing' }
  | { readonly kind: 'refused' | 'denied' }
  | { readonly kind: 'failed'; readonly reason: string }
  /** It is a plugin, of these roles, such as `secretprovider`. */
  | { readonly kind: 'answers'; readonly roles: readonly string[] };

const DEADLINE_MS = 3_000;
/** The longest answer that is read. A plugin's has some 40 bytes. */
const MAX_ANSWER_BYTES = 64 * 1024;

const activation = z.object({ Implements: z.array(z.string()) });

/** Asks the plugin behind a socket who it is, as the engine does. Never rejects. */
export async function askSocket(path: string): Promise<SocketAnswer> {
  try {
    const { Implements } = activation.parse(await activate(path));
    return { kind: 'answers', roles: Implements };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing' };
    if (code === 'ECONNREFUSED') return { kind: 'refused' };
    if (code === 'EACCES' || code === 'EPERM') return { kind: 'denied' };
    // A path that is too long for a socket can't be there.
    if (code === 'EINVAL') return { kind: 'missing' };
    if (error instanceof z.ZodError) return { kind: 'failed', reason: 'its answer to Plugin.Activate is another' };
    return { kind: 'failed', reason: errorMessage(error) };
  }
}

function activate(socketPath: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    const fail = (error: Error) =>
      reject(signal.aborted ? new Error(`no answer within ${DEADLINE_MS / 1000} s`) : error);
    const outgoing = request({ socketPath, path: '/Plugin.Activate', method: 'POST', agent: false, signal });
    outgoing.once('response', (response) => json(boundedBytes(response, MAX_ANSWER_BYTES)).then(resolve, fail));
    outgoing.once('error', fail);
    outgoing.end();
  });
}
