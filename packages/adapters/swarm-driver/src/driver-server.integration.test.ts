import type { SecretRequest, SecretResponse } from '@vault-swarm/delivery';
import {
  createDriverSecret,
  createService,
  type OwnEngine,
  readSecret,
  runningTasks,
  startSwarm,
  tempDirectory,
} from '@vault-swarm/lab';
import { SecretValue } from '@vault-swarm/provider';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDriverServer, type DriverServer } from './driver-server.ts';

const driver = 'driver-server-test';
const within = { timeout: 60_000, interval: 200 };
const longest = Buffer.alloc(500 * 1024 - 1, 'long');
const directory = tempDirectory();

let engine: OwnEngine;
let server: DriverServer;
const requests: SecretRequest[] = [];

function makeServer(): DriverServer {
  const get = async (request: SecretRequest): Promise<SecretResponse> => {
    requests.push(request);
    const bytes = request.labels.long === 'true' ? Buffer.from(longest) : Buffer.from(`for ${request.taskId}`);
    return { kind: 'value', value: new SecretValue(bytes), revision: '1' };
  };
  return createDriverServer({
    socketPath: `/run/docker/plugins/${driver}.sock`,
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
}

beforeAll(async () => {
  engine = await startSwarm({ dir: directory.path });
  server = makeServer();
  await server.listen();
  await createDriverSecret(engine, { name: 'short', driver });
  await createDriverSecret(engine, { name: 'long', driver, labels: { long: 'true' } });
});

afterAll(async () => {
  await server?.close();
  await engine?.stop();
  await directory.remove();
});

describe('the engine and the driver', () => {
  it('give every task its own value, of any length that Swarm takes', async () => {
    await createService(engine, { name: 'api', replicas: 2, secrets: ['short', 'long'] });
    await expect.poll(async () => (await runningTasks(engine, 'api')).length, within).toBe(2);
    const tasks = await runningTasks(engine, 'api');
    for (const { id, containerId } of tasks) {
      expect((await readSecret(engine, containerId, 'short')).toString()).toBe(`for ${id}`);
      expect((await readSecret(engine, containerId, 'long')).equals(longest)).toBe(true);
    }
    // If a node connects again, Swarm asks again for its tasks.
    const asked = requests.map(({ taskId, secretName, serviceName }) => `${serviceName} ${taskId} ${secretName}`);
    expect(asked).toEqual(expect.arrayContaining(tasks.flatMap(({ id }) => [`api ${id} short`, `api ${id} long`])));
    expect(requests[0]).toMatchObject({ serviceId: expect.any(String), taskId: expect.any(String) });
  });

  it('find each other again after the driver was started again', async () => {
    await server.close();
    server = makeServer();
    await server.listen();
    await createService(engine, { name: 'later', secrets: ['short'] });
    await expect.poll(async () => (await runningTasks(engine, 'later')).length, within).toBe(1);
  });
});
