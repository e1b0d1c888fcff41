import { request } from 'node:http';
import type { Clock } from '@vault-swarm/kernel';

/** The handshake needs no provider, so only an unresponsive process takes this long. */
const ANSWER_DEADLINE_MS = 1_000;

/** Whether the process on a socket answers `Plugin.Activate` within a second. Never rejects. */
export function answers(socketPath: string, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    const question = request({ socketPath, path: '/Plugin.Activate', method: 'POST', agent: false });
    const cancel = clock.after(ANSWER_DEADLINE_MS, () => question.destroy(new Error('no answer in time')));
    const end = (answered: boolean) => {
      cancel();
      question.destroy();
      resolve(answered);
    };
    question.once('response', ({ statusCode }) => end(statusCode === 200));
    question.on('error', () => end(false));
    question.end('{}');
  });
}
