import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { driverRequest } from '../clients/unix-http.ts';
import { tempDirectory } from '../process/sandbox.ts';
import { waitFor } from '../process/wait-for.ts';
import { type OwnEngine, startEngine } from './engine.ts';
import { createDriverSecret, createService, readSecret, runningTasks, serviceTasks, startSwarm } from './swarm.ts';

const directory = tempDirectory();
afterAll(() => directory.remove());

describe('a Swarm of the lab', () => {
  const socketPath = '/run/docker/plugins/lab-driver.sock';
  const asked: string[] = [];
  let engine: OwnEngine;
  let driver: Server;

  beforeAll(async () => {
    driver = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk) => {
        text += chunk;
      });
      request.on('end', () => {
        const body = JSON.parse(text || '{}');
        if (request.url === '/Plugin.Activate') response.end('{"Implements":["secretprovider"]}');
        else {
          asked.push(body.TaskID);
          response.end(JSON.stringify({ Value: Buffer.from([0, 255, 10]).toString('base64'), DoNotReuse: true }));
        }
      });
    });
    engine = await startSwarm({ dir: join(directory.path, 'engine') });
    await new Promise<void>((resolve) => driver.listen(socketPath, resolve));
  });
  afterAll(async () => {
    driver?.close();
    await engine?.stop();
  });

  it('runs a service whose tasks get the exact bytes of the driver', async () => {
    await createDriverSecret(engine, { name: 'token', driver: 'lab-driver', labels: { file_path: 'token' } });
    await createService(engine, { name: 'web', replicas: 2, secrets: ['token'] });
    const tasks = await waitFor(
      async (see) => {
        see(await serviceTasks(engine, 'web'));
        const running = await runningTasks(engine, 'web');
        return running.length === 2 && running;
      },
      { timeoutMs: 30_000, what: 'two running tasks' },
    );
    for (const task of tasks) {
      expect([...(await readSecret(engine, task.containerId, 'token'))]).toEqual([0, 255, 10]);
      expect(task).toMatchObject({ generation: 0, desiredState: 'running' });
      expect(asked).toContain(task.id);
    }
  });

  it('driverRequest sends a request as the engine does', async () => {
    const answer = await driverRequest(socketPath, '/SecretProvider.GetSecret', { SecretName: 'token' });
    expect(answer).toEqual({ status: 200, body: '{"Value":"AP8K","DoNotReuse":true}' });
  });

  it('has its Swarm again after the engine was killed', async () => {
    await engine.kill();
    engine = await startEngine({ dir: engine.dir });
    await waitFor(async () => (await runningTasks(engine, 'web')).length === 2, {
      timeoutMs: 60_000,
      what: 'the service to run again',
    });
  });
});
