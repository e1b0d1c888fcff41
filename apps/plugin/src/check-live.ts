import { request } from 'node:http';
import { displayText, errorMessage } from '@vault-swarm/kernel';
import type { SocketSettings } from './socket-settings.ts';

/** Longer than a busy machine takes, and shorter than the default timeout of a health check. */
const DEADLINE_MS = 5_000;
/** The plugin's response is much shorter; another program's is not read completely. */
const MAX_ANSWER_BYTES = 4_096;

/**
 * Requests on the socket whether the plugin serves, without a token. Never rejects.
 *
 * During a takeover, the other plugin still answers on the socket. So if takeovers are allowed, only a plugin in the
 * caller's own container counts.
 *
 * @param namespace the caller's namespace of process ids; `null` if it is not known.
 * @returns `null` if it serves, else why not.
 */
export async function checkLive(
  { socketPath, socketTakeover }: Pick<SocketSettings, 'socketPath' | 'socketTakeover'>,
  namespace: string | null,
): Promise<string | null> {
  let answer: { readonly status: number; readonly body: string };
  try {
    answer = await ask(socketPath);
  } catch (error) {
    return `the plugin on ${socketPath} does not answer: ${displayText(errorMessage(error))}`;
  }
  if (answer.status !== 200) return `the plugin on ${socketPath} does not serve: it answered ${answer.status}`;
  if (!socketTakeover || namespace === null) return null;
  return namespaceIn(answer.body) === namespace
    ? null
    : `a plugin in another container serves ${socketPath}; this one waits to take it over`;
}

function ask(socketPath: string): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    request({ socketPath, path: '/livez', agent: false, signal }, (response) => {
      let body = '';
      response
        .setEncoding('utf8')
        .on('data', (chunk: string) => {
          body += chunk;
          if (body.length > MAX_ANSWER_BYTES) response.destroy(new Error('its response is too long'));
        })
        .once('error', reject)
        .once('end', () => resolve({ status: response.statusCode ?? 0, body }));
    })
      .once('error', (error) => reject(signal.aborted ? new Error(`no response within ${DEADLINE_MS} ms`) : error))
      .end();
  });
}

function namespaceIn(body: string): unknown {
  try {
    const answer: unknown = JSON.parse(body);
    return typeof answer === 'object' && answer !== null && 'process_namespace' in answer
      ? answer.process_namespace
      : undefined;
  } catch {
    return undefined;
  }
}
