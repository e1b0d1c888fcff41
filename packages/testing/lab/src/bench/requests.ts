import { waitFor } from '../process/wait-for.ts';
import type { BenchSecret } from './catalog.ts';
import type { DriverAnswer, DriverClient, SecretCall } from './driver-client.ts';

/** The results of a series of calls. Times in milliseconds. */
export interface Asked {
  /** From the first call to the last response. */
  readonly totalMs: number;
  /** The duration of each call, in the order of the responses. */
  readonly timesMs: readonly number[];
  readonly values: number;
  readonly errors: number;
}

const WARM_UP_MS = 30_000;

/** A wrong response: the benchmark has failed. */
export class WrongAnswer extends Error {
  override readonly name = 'WrongAnswer';
}

/** How to make the calls. */
export interface AskOptions {
  /** The number of concurrent calls; 1 if not given. */
  readonly concurrency?: number;
  /** Whether errors are allowed, because the provider is not available; false if not given. */
  readonly mayFail?: boolean;
  /** No call starts after this time. */
  readonly limitMs?: number;
}

/**
 * Makes the calls in their order, and checks each response.
 * @throws {WrongAnswer} for a wrong value, and for an error that is not allowed.
 */
export async function ask(
  client: DriverClient,
  calls: readonly SecretCall[],
  { concurrency = 1, mayFail = false, limitMs = Number.POSITIVE_INFINITY }: AskOptions = {},
): Promise<Asked> {
  const startedMs = performance.now();
  const timesMs: number[] = [];
  let values = 0;
  const waiting = calls.values();
  const work = async () => {
    for (const call of waiting) {
      const calledMs = performance.now();
      if (calledMs - startedMs > limitMs) return;
      const answer = await client.getSecret(call);
      timesMs.push(performance.now() - calledMs);
      if (isRight(answer, call, mayFail)) values++;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return { totalMs: performance.now() - startedMs, timesMs, values, errors: timesMs.length - values };
}

/**
 * Requests each secret until it is delivered. Login, mount and values are then known.
 * @throws {WrongAnswer} for a wrong value; an error if a secret is not delivered within 30 s.
 */
export async function warmUp(client: DriverClient, secrets: readonly BenchSecret[]): Promise<void> {
  for (const call of callsOfTasks('warm', secrets, 1)) {
    const { answer } = await waitFor(
      async (see) => {
        const given = await client.getSecret(call);
        see(given);
        return given.kind === 'value' && { answer: given };
      },
      { timeoutMs: WARM_UP_MS, intervalMs: 20, what: `a value of ${call.secret.name}` },
    );
    isRight(answer, call, false);
  }
}

/** The calls of one task or of several tasks in sequence. Each requests all secrets. */
export function callsOfTasks(service: string, secrets: readonly BenchSecret[], tasks: number): readonly SecretCall[] {
  return Array.from({ length: tasks }, (_, task) =>
    secrets.map((secret) => ({ secret, service, task: `${service}-task-${task}` })),
  ).flat();
}

function isRight(answer: DriverAnswer, { secret, task }: SecretCall, mayFail: boolean): boolean {
  const shown = `${secret.name} for ${task}`;
  switch (answer.kind) {
    case 'value':
      if (answer.value !== secret.value) throw new WrongAnswer(`${shown}: the value is not the one in Vault`);
      return true;
    case 'error':
      if (!mayFail) throw new WrongAnswer(`${shown}: an error instead of a value: ${answer.message}`);
      return false;
    case 'none':
      if (!mayFail) throw new WrongAnswer(`${shown}: no answer`);
      return false;
  }
}
