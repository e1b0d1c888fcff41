import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { SecretAnswer, SecretRequest } from '@vault-swarm/delivery';
import { SecretValue } from '@vault-swarm/provider';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDriverServer, type DriverServer } from './driver-server.ts';
import { problemOf } from './testing/hostile-connection.ts';
import { hostileRequest } from './testing/hostile-request.ts';

const QUICK = Number(process.env.FUZZ_REQUESTS || 10_000);
const SLOW = 150;
const AT_A_TIME = 24;
/** What a valid request may take meanwhile; the machine is as busy as the requests make it. */
const VALID_WITHIN_MS = 2_000;
const VALID_EACH_MS = 20;
const MOST_GROWTH_BYTES = 20 * 1_048_576;

const seed = Number(process.env.FUZZ_SEED || Date.now() % 1_000_000);
/** Replays one request of a seed, as a failure names it: `quick 17`. */
const only = process.env.FUZZ_ONLY;
let folder: string;
let socketPath: string;
let driver: DriverServer;

/** A source whose answers can be told by the secret's name, and which takes its time. */
async function get({ secretName }: SecretRequest): Promise<SecretAnswer> {
  if (secretName.length % 3 === 0) await delay(secretName.length % 7);
  return { kind: 'value', value: SecretValue.fromText(`for ${secretName}`), revision: '1' };
}

beforeAll(async () => {
  process.stderr.write(`FUZZ_SEED=${seed}\n`);
  folder = await mkdtemp(join(tmpdir(), 'fuzz-'));
  socketPath = join(folder, 'plugin.sock');
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
  await rm(folder, { recursive: true, force: true });
});

/** Asks as the engine does; resolves to the time that it took. */
function askRightly(agent: Agent, secretName: string): Promise<number> {
  const begunAtMs = performance.now();
  return new Promise((resolve, reject) => {
    const call = httpRequest({ socketPath, path: '/SecretProvider.GetSecret', method: 'POST', agent }, (answer) => {
      let text = '';
      answer.on('data', (chunk) => {
        text += chunk;
      });
      answer.once('error', reject).once('end', () => {
        const wanted = { Value: Buffer.from(`for ${secretName}`).toString('base64'), DoNotReuse: true };
        if (text === JSON.stringify(wanted)) resolve(performance.now() - begunAtMs);
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
    const call = askRightly(index % 10 === 0 ? new Agent() : agent, `right-${index}`);
    call.catch(() => undefined);
    asked.push(call);
    await delay(VALID_EACH_MS);
  }
  const durations = await Promise.all(asked);
  agent.destroy();
  return durations;
}

/** Plays requests, so many at a time; resolves to what was wrong, with how to play it again. */
async function play(pace: 'quick' | 'slow', count: number, atATime: number): Promise<readonly string[]> {
  const problems: string[] = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < count; index = next++) {
      const problem = await problemOf(socketPath, hostileRequest(seed, index, pace));
      if (problem !== undefined) problems.push(`${problem} (FUZZ_SEED=${seed} FUZZ_ONLY='${pace} ${index}')`);
    }
  };
  await Promise.all(Array.from({ length: atATime }, worker));
  return problems;
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const openPipes = () => process.getActiveResourcesInfo().filter((resource) => resource === 'PipeWrap').length;

const playAll = () =>
  test('whatever is sent to the socket is answered rightly or closed in time, and right requests are answered meanwhile', async () => {
    // What is made once is there before the memory is measured.
    await play('quick', 500, AT_A_TIME);
    const [heapBefore, pipesBefore] = [heapBytes(), openPipes()];
    const done = new AbortController();
    const right = askRightlyUntil(done.signal);
    const [slow, quick] = await Promise.all([play('slow', SLOW, SLOW), play('quick', QUICK, AT_A_TIME)]);
    done.abort();
    const durations = await right;

    expect([...slow, ...quick]).toEqual([]);
    const longest = Math.round(Math.max(...durations));
    const grown = heapBytes() - heapBefore;
    process.stderr.write(
      `${QUICK} + ${SLOW} hostile requests; ${durations.length} right ones took at most ${longest} ms; ` +
        `the heap grew by ${Math.round(grown / 1024)} KiB\n`,
    );
    expect(longest).toBeLessThan(VALID_WITHIN_MS);
    expect(grown).toBeLessThan(MOST_GROWTH_BYTES);
    await expect.poll(openPipes).toBeLessThanOrEqual(pipesBefore);
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
