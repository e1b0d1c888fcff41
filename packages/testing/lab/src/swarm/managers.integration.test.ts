import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tempDirectory } from '../process/sandbox.ts';
import { waitFor } from '../process/wait-for.ts';
import { type Managers, startManagers } from './managers.ts';
import { createDriverSecret, createService, readSecret, runningTasks, serviceTasks } from './swarm.ts';

const DRIVER = 'managers-driver';

const directory = tempDirectory();
const drivers: Server[] = [];
/** The names of the managers whose driver got a request. */
const asked: string[] = [];
let managers: Managers;

/** Starts a driver whose value is the name of its manager. */
async function serveDriver(name: string, socketPath: string): Promise<void> {
  const driver = createServer((request, response) => {
    request.resume();
    if (request.url === '/Plugin.Activate') response.end('{"Implements":["secretprovider"]}');
    else {
      asked.push(name);
      response.end(JSON.stringify({ Value: Buffer.from(name).toString('base64'), DoNotReuse: true }));
    }
  });
  drivers.push(driver);
  await new Promise<void>((resolve) => driver.listen(socketPath, resolve));
}

beforeAll(async () => {
  managers = await startManagers({ dir: join(directory.path, 'swarm') });
  for (const node of managers.nodes) await serveDriver(node.name, node.pluginSocket(DRIVER));
});

afterAll(async () => {
  for (const driver of drivers) driver.close();
  await managers?.stop();
  await directory.remove();
});

it('is a Swarm of three managers with one leader', async () => {
  const { engine } = await managers.leader();
  const nodes = (await engine.api('GET', '/nodes')) as {
    readonly Description: { readonly Hostname: string };
    readonly ManagerStatus: { readonly Reachability: string };
  }[];
  const seen = nodes.map((node) => [node.Description.Hostname, node.ManagerStatus.Reachability]);
  expect(seen.sort()).toEqual(['m1', 'm2', 'm3'].map((name) => [name, 'reachable']));
});

it('sends requests for the tasks of all nodes only to the driver on the leader', async () => {
  const leader = await managers.leader();
  await createDriverSecret(leader.engine, { name: 'token', driver: DRIVER });
  await createService(leader.engine, { name: 'web', replicas: 3, secrets: ['token'] });
  const tasks = await waitFor(
    async (see) => {
      see(await serviceTasks(leader.engine, 'web'));
      const running = await runningTasks(leader.engine, 'web');
      return running.length === 3 && running;
    },
    { timeoutMs: 30_000, what: 'three running tasks' },
  );
  expect(new Set(tasks.map(({ nodeId }) => nodeId)).size).toBe(3);
  for (const { nodeId, containerId } of tasks) {
    const { engine } = managers.node(nodeId);
    expect((await readSecret(engine, containerId, 'token')).toString()).toBe(leader.name);
  }
  expect(new Set(asked)).toEqual(new Set([leader.name]));
});

it('elects another leader when the leading engine is killed, and the killed one rejoins', async () => {
  const before = await managers.leader();
  await before.engine.kill();
  const after = await managers.leader();
  expect(after.name).not.toBe(before.name);
  await before.start();
  await isReachable(before.nodeId);
});

it('elects another leader when the leader is disconnected, and the old one rejoins when it is connected again', async () => {
  const before = await managers.leader();
  await managers.cutOff(before);
  const after = await managers.leader();
  expect(after.name).not.toBe(before.name);
  await managers.reconnect(before);
  await isReachable(before.nodeId);
});

/** Waits until the leader reaches a manager, and the manager's own engine answers too. */
async function isReachable(nodeId: string): Promise<void> {
  await waitFor(
    async (see) => {
      for (const { engine } of [await managers.leader(), managers.node(nodeId)]) {
        const node = (await engine.api('GET', `/nodes/${nodeId}`)) as {
          readonly Status: { readonly State: string };
          readonly ManagerStatus: { readonly Reachability: string };
        };
        see(node);
        if (node.ManagerStatus.Reachability !== 'reachable' || node.Status.State !== 'ready') return false;
      }
      return true;
    },
    { timeoutMs: 60_000, what: 'the manager to be reachable' },
  );
}
