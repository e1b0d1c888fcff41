import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { SecretRequest, SecretResponse } from '@vault-swarm/delivery';
import { ownTimeOf } from '@vault-swarm/lab/clocks';
import { SecretValue } from '@vault-swarm/provider';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDriverServer, type DriverServer } from './driver-server.ts';
import { problemOf } from './testing/hostile-connection.ts';
import { hostileRequest } from './testing/hostile-request.ts';

const QUICK = Number(process.env.FUZZ_REQUESTS || 10_000);
const SLOW = 150;
const AT_A_TIME = 24;
const ROUNDS = 6;
const VALID_EACH_MS = 20;
/** What a valid request may take meanwhile. One that waited for a silent client would take the 5 s that such a client has. */
const VALID_WITHIN_MS = 3_000;
/** What each request of a round may leave: less than a socket, or a request without its body. */
const MAX_KEPT_BYTES = 500;

const seed = Number(process.env.FUZZ_SEED || Date.now() % 1_000_000);
/** Replays one request of a seed, as a failure names it: `quick 17`. */
const only = process.env.FUZZ_ONLY;
let directory: string;
let socketPath: string;
let driver: DriverServer;

/** A slow source whose answers contain the secret's name. */
async function get({ secretName }: SecretRequest): Promise<SecretResponse> {
  if (secretName.length % 3 === 0) await delay(secretName.length % 7);
  return { kind: 'value', value: SecretValue.fromText(`for ${secretName}`), revision: '1' };
}

beforeAll(async () => {
  process.stderr.write(`FUZZ_SEED=${seed}\n`);
  directory = await mkdtemp(join(tmpdir(), 'fuzz-'));
  socketPath = join(directory, 'plugin.sock');
  driver = createDriverServer({
    socketPath,
    source: { get },
    events: { emit: () => undefined },
    clock: {
      now: () => Date.now(),
      monotonic: () => performance.now(),
      after: (delayMs, callback) => {
        const timer = setTimeout(callback, delayMs);
        return () => clearTimeout(timer);
      },
    },
  });
  await driver.listen();
});

afterAll(async () => {
  await driver?.close();
  await rm(directory, { recursive: true, force: true });
});

/** Asks as the engine does. */
function askRightly(agent: Agent, secretName: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = httpRequest({ socketPath, path: '/SecretProvider.GetSecret', method: 'POST', agent }, (answer) => {
      let text = '';
      answer.on('data', (chunk) => {
        text += chunk;
      });
      answer.once('error', reject).once('end', () => {
        const wanted = { Value: Buffer.from(`for ${secretName}`).toString('base64'), DoNotReuse: true };
        if (text === JSON.stringify(wanted)) resolve();
        else reject(new Error(`${secretName} was answered ${answer.statusCode} ${text}`));
      });
    });
    call.once('error', reject).end(JSON.stringify({ SecretName: secretName }));
  });
}

/** Right requests without end, on two connections as the engine's, and each tenth on a new one. */
async function askRightlyUntil(signal: AbortSignal): Promise<readonly number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 2 });
  const asked: Promise<number>[] = [];
  for (let index = 0; !signal.aborted; index++) {
    const call = ownTimeOf(() => askRightly(index % 10 === 0 ? new Agent() : agent, `right-${index}`));
    call.catch(() => undefined);
    asked.push(call);
    await delay(VALID_EACH_MS);
  }
  const durations = await Promise.all(asked);
  agent.destroy();
  return durations;
}

/** Plays the requests of these numbers, so many at a time; resolves to what was wrong, with how to play it again. */
async function play(pace: 'quick' | 'slow', from: number, to: number, atATime: number): Promise<readonly string[]> {
  const problems: string[] = [];
  let next = from;
  const worker = async () => {
    for (let index = next++; index < to; index = next++) {
      const problem = await problemOf(socketPath, hostileRequest(seed, index, pace));
      if (problem !== undefined) problems.push(`${problem} (FUZZ_SEED=${seed} FUZZ_ONLY='${pace} ${index}')`);
    }
  };
  await Promise.all(Array.from({ length: atATime }, worker));
  return problems;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What is reachable. What one collection finds unreachable may hold more until the next turn of the event loop. */
async function heapBytes(): Promise<number> {
  for (let turn = 0; turn < 5; turn++) {
    collectGarbage();
    await delay(20);
  }
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const openPipes = () => process.getActiveResourcesInfo().filter((resource) => resource === 'PipeWrap').length;

const playAll = () =>
  test('whatever is sent to the socket is answered rightly or closed in time, and right requests are answered meanwhile', async () => {
    const pipesBefore = openPipes();
    const durations: number[] = [];
    const heaps: number[] = [];
    const inARound = Math.ceil(QUICK / ROUNDS);
    for (let round = 0; round < ROUNDS; round++) {
      const done = new AbortController();
      const right = askRightlyUntil(done.signal);
      const problems = await Promise.all([
        play('quick', round * inARound, (round + 1) * inARound, AT_A_TIME),
        round === 0 ? play('slow', 0, SLOW, SLOW) : [],
      ]);
      done.abort();
      durations.push(...(await right));
      expect(problems.flat()).toEqual([]);
      await expect.poll(openPipes).toBeLessThanOrEqual(pipesBefore);
      heaps.push(await heapBytes());
    }

    const longest = Math.round(Math.max(...durations));
    // What requests leave grows in each round; what is made or dropped once, as compiled code, in one or two.
    const growths = heaps.slice(1).map((bytes, index) => bytes - (heaps[index] ?? 0));
    const kept = (growths.sort((a, b) => a - b)[Math.floor(growths.length / 2)] ?? 0) / inARound;
    process.stderr.write(
      `${QUICK} + ${SLOW} hostile requests; ${durations.length} right ones took at most ${longest} ms; ` +
        `each left ${Math.round(kept)} bytes; heaps: ${heaps.map((bytes) => Math.round(bytes / 1024)).join(' ')} KiB\n`,
    );
    expect(longest).toBeLessThan(VALID_WITHIN_MS);
    expect(kept).toBeLessThan(MAX_KEPT_BYTES);
  });

const playOne = () =>
  test('the request that FUZZ_ONLY names is answered rightly', async () => {
    const [pace, index] = (only ?? '').split(' ');
    const hostile = hostileRequest(seed, Number(index), pace === 'slow' ? 'slow' : 'quick');
    process.stderr.write(
      `${hostile.name}: ${hostile.pieces.map((piece) => JSON.stringify(piece.toString('latin1').slice(0, 500))).join('\n')}\n`,
    );
    expect(await problemOf(socketPath, hostile)).toBeUndefined();
  });

if (only === undefined) playAll();
else playOne();
