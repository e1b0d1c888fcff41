import { Agent, request } from 'node:http';
import { setImmediate } from 'node:timers/promises';

/** What an unceasing client has seen. */
export interface LoadReport {
  readonly answers: number;
  /** What was not answered with a value, or not at all. */
  readonly failures: readonly string[];
  /** The longest time between two answers. */
  readonly longestGapMs: number;
}

/** Asks a driver for a secret again and again, without a pause. */
export interface LoadClient {
  readonly report: LoadReport;
  /** Resolves when the last question is answered. */
  stop(): Promise<LoadReport>;
}

const QUESTION_DEADLINE_MS = 10_000;

/**
 * Starts to ask, a question after the answer to the one before.
 *
 * @param keepAlive whether one connection is used for as long as the driver keeps it, as the engine does.
 */
export function startLoadClient(
  socketPath: string,
  body: unknown,
  { keepAlive }: { readonly keepAlive: boolean },
): LoadClient {
  const agent = new Agent({ keepAlive, maxSockets: 1 });
  const text = JSON.stringify(body);
  const failures: string[] = [];
  let answers = 0;
  let longestGapMs = 0;
  let isStopped = false;
  const ask = async () => {
    let lastMs = performance.now();
    while (!isStopped) {
      try {
        const answer = await question(socketPath, text, agent);
        if (!answer.includes('"Value":')) failures.push(answer);
      } catch (error) {
        failures.push(String(error));
      }
      answers += 1;
      const nowMs = performance.now();
      longestGapMs = Math.max(longestGapMs, nowMs - lastMs);
      lastMs = nowMs;
      // The test itself goes on meanwhile.
      await setImmediate();
    }
    agent.destroy();
  };
  const asking = ask();
  const report = () => ({ answers, failures: [...failures], longestGapMs });
  return {
    get report() {
      return report();
    },
    stop: async () => {
      isStopped = true;
      await asking;
      return report();
    },
  };
}

function question(socketPath: string, body: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { Host: '', 'Content-Length': String(Buffer.byteLength(body)) };
    const call = request({ socketPath, method: 'POST', path: '/SecretProvider.GetSecret', headers, agent });
    call.setTimeout(QUESTION_DEADLINE_MS, () => call.destroy(new Error('no answer in time')));
    call.once('error', reject);
    call.once('response', (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.once('error', reject);
      answer.once('end', () => resolve(Buffer.concat(chunks).toString()));
    });
    call.end(body);
  });
}
