import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { dirname } from 'node:path';
import { waitFor } from '../process/wait-for.ts';
import type { Engine } from './engine.ts';
import type { ManagerNode } from './managers.ts';

/**
 * Tries to write to the Swarm all the time, since a try that meets an election hangs. Resolves to when one was done, in
 * milliseconds since 1970.
 */
export async function firstWrite(engines: readonly Engine[], timeoutMs: number): Promise<number> {
  let doneAtMs = 0;
  let tries = 0;
  const attempt = async (engine: Engine) => {
    tries += 1;
    const Name = `try-${Date.now()}-${tries}`;
    await engine.api('POST', '/configs/create', { Name, Labels: {}, Data: 'dHJ5' });
    if (doneAtMs === 0) doneAtMs = Date.now();
  };
  return waitFor(
    () => {
      if (doneAtMs > 0) return doneAtMs;
      for (const engine of engines) attempt(engine).catch(() => undefined);
      return undefined;
    },
    { timeoutMs, intervalMs: 200, what: 'a new leader to take a write' },
  );
}

let drivers = 0;

/**
 * Makes the node's agent rebuild its session, so that the secrets of all its tasks are requested again within 20 s: it uses a
 * plugin for the first time.
 */
export async function provokeRequests(node: ManagerNode): Promise<void> {
  drivers += 1;
  const name = `provoke-${drivers}`;
  const socketPath = node.pluginSocket(name);
  await mkdir(dirname(socketPath), { recursive: true });
  const driver = createServer((request, response) => {
    const isActivation = request.url === '/Plugin.Activate';
    response.end(JSON.stringify(isActivation ? { Implements: ['VolumeDriver'] } : { Err: '' }));
  });
  await new Promise<void>((resolve) => {
    driver.listen(socketPath, resolve);
  });
  // It stays, as an installed plugin does.
  driver.unref();
  await node.engine.dockerBytes('volume', 'create', '--driver', name, name);
}
