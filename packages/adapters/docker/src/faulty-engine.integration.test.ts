import { rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Clock } from '@vault-swarm/kernel';
import { createService, labImage, type OwnEngine, startSwarm, tempDirectory, waitFor } from '@vault-swarm/lab';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createDockerConnection, type DockerConnection } from './connection.ts';
import { DockerLedgerStore } from './ledger-store.ts';
import { DockerOrchestrator } from './orchestrator.ts';
import { DockerChanges } from './swarm-events.ts';

// What a real engine does only by accident: a proxy before it does it on demand.

const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
const { signal } = new AbortController();

/** `pass`: as it is. `lost answer`: the engine is asked, and the caller's connection breaks. `unasked`: it breaks before. */
type Fault = 'pass' | 'lost answer' | 'unasked';
let faultOf: (call: IncomingMessage) => Fault = () => 'pass';
/** The answers without an end. */
const streams = new Set<ServerResponse>();

const directory = tempDirectory();
let engine: OwnEngine;
let proxy: Server;
let connection: DockerConnection;
let workloads: DockerOrchestrator;
let ledger: DockerLedgerStore;

function forward(call: IncomingMessage, answer: ServerResponse): void {
  const fault = faultOf(call);
  if (fault === 'unasked') {
    call.socket.destroy();
    return;
  }
  const { method, url, headers } = call;
  const onward = request({ socketPath: engine.socketPath, method, path: url, headers }, (given) => {
    if (fault === 'lost answer') {
      given.resume().once('end', () => call.socket.destroy());
      return;
    }
    if (url?.startsWith('/events') === true) streams.add(answer);
    answer.writeHead(given.statusCode ?? 502, given.headers);
    answer.flushHeaders();
    given.pipe(answer);
  });
  answer.once('close', () => onward.destroy());
  call.pipe(onward);
}

const isUpdate = ({ method, url = '' }: IncomingMessage) => method === 'POST' && url.includes('/update');

async function web() {
  const { ID, Version, Spec } = (await engine.api('GET', '/services/web')) as {
    readonly ID: string;
    readonly Version: { readonly Index: number };
    readonly Spec: { readonly TaskTemplate: { readonly ForceUpdate: number } };
  };
  return { id: ID, version: Version.Index, generation: Spec.TaskTemplate.ForceUpdate };
}

beforeAll(async () => {
  engine = await startSwarm({ dir: join(directory.path, 'engine') });
  await createService(engine, { name: 'web', image: labImage });
  const socketPath = join(directory.path, 'proxy.sock');
  await rm(socketPath, { force: true });
  proxy = createServer(forward);
  await new Promise<void>((resolve) => proxy.listen(socketPath, resolve));
  connection = createDockerConnection({ kind: 'unix', socketPath }, { clock });
  workloads = new DockerOrchestrator(connection, 'any-driver');
  ledger = new DockerLedgerStore(connection, { name: 'faulty.ledger', clock, keys: null });
});
beforeEach(() => {
  faultOf = () => 'pass';
});
afterAll(async () => {
  connection?.close();
  proxy?.close();
  proxy?.closeAllConnections();
  await engine?.stop();
  await directory.remove();
});

test('an update whose answer is lost is found to be applied', async () => {
  const { id, version, generation } = await web();
  faultOf = (call) => (isUpdate(call) ? 'lost answer' : 'pass');
  expect(await workloads.roll(id, version, generation + 1, { signal })).toBe('applied');
  expect((await web()).generation).toBe(generation + 1);
});

test('an update that did not reach the engine is not known to be applied', async () => {
  const { id, version, generation } = await web();
  faultOf = (call) => (isUpdate(call) ? 'unasked' : 'pass');
  expect(await workloads.roll(id, version, generation + 1, { signal })).toBe('unknown');
  expect(await web()).toEqual({ id, version, generation });
});

test('an update is not known to be applied if the engine can not be asked any more, though it was', async () => {
  const { id, version, generation } = await web();
  let isSent = false;
  faultOf = (call) => {
    if (isSent) return 'unasked';
    isSent = isUpdate(call);
    return isSent ? 'lost answer' : 'pass';
  };
  expect(await workloads.roll(id, version, generation + 1, { signal })).toBe('unknown');
  expect((await web()).generation).toBe(generation + 1);
});

test("an update that somebody else's came before is a conflict, even if its answer is lost", async () => {
  const { id, version, generation } = await web();
  await engine.dockerBytes('service', 'update', '--quiet', '--detach', '--no-resolve-image', '--force', 'web');
  faultOf = (call) => (isUpdate(call) ? 'lost answer' : 'pass');
  expect(await workloads.roll(id, version, generation + 5, { signal })).toBe('conflict');
});

test('a write of the ledger whose answer is lost is found to be applied, or is not known', async () => {
  expect(await ledger.compareAndSet(null, 'first', { signal })).toBe('applied');
  const { version } = (await ledger.read({ signal })) ?? { version: '' };
  faultOf = (call) => (isUpdate(call) ? 'unasked' : 'pass');
  expect(await ledger.compareAndSet(version, 'second', { signal })).toBe('unknown');
  faultOf = (call) => (isUpdate(call) ? 'lost answer' : 'pass');
  expect(await ledger.compareAndSet(version, 'second', { signal })).toBe('applied');
  expect(await ledger.read({ signal })).toMatchObject({ text: 'second' });
});

test('a hint is given when events can be followed again, for those that were lost', async () => {
  let hints = 0;
  const changes = new DockerChanges(connection, {
    clock,
    random: { next: () => 0 },
    events: { emit: () => undefined },
  });
  const stop = changes.onChange(() => {
    hints += 1;
  });
  const isFollowed = () => waitFor(async () => streams.size > 0, { timeoutMs: 20_000, what: 'events to be followed' });
  await isFollowed();
  for (const stream of streams) stream.destroy();
  streams.clear();
  const before = hints;
  await isFollowed();
  await waitFor(async () => hints > before, { timeoutMs: 20_000, what: 'a hint' });
  stop();
});
