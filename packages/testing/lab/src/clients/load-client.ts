import { Agent, request } from 'node:http';
import { setImmediate } from 'node:timers/promises';

/** The results of a load client. */
export interface LoadReport {
  readonly answers: number;
  /** Responses without a value, and errors. */
  readonly failures: readonly string[];
  /** The longest time between two responses. */
  readonly longestGapMs: number;
}

/** Requests a secret from a driver continuously. */
export interface LoadClient {
  readonly report: LoadReport;
  /** Stops the client. Resolves when the last request has its response. */
  stop(): Promise<LoadReport>;
}

const REQUEST_DEADLINE_MS = 10_000;

/**
 * Starts a client that sends each request after the response to the one before.
 *
 * @param keepAlive whether the client reuses one connection while the driver keeps it open, as the engine does.
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
        const answer = await post(socketPath, text, agent);
        if (!answer.includes('"Value":')) failures.push(answer);
      } catch (error) {
        failures.push(String(error));
      }
      answers += 1;
      const nowMs = performance.now();
      longestGapMs = Math.max(longestGapMs, nowMs - lastMs);
      lastMs = nowMs;
      // Let the test continue.
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

function post(socketPath: string, body: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { Host: '', 'Content-Length': String(Buffer.byteLength(body)) };
    const call = request({ socketPath, method: 'POST', path: '/SecretProvider.GetSecret', headers, agent });
    call.setTimeout(REQUEST_DEADLINE_MS, () => call.destroy(new Error('no answer in time')));
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
