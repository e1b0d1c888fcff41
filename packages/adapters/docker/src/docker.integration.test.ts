import { link } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { Clock } from '@vault-swarm/kernel';
import {
  createDriverSecret,
  createService,
  importImage,
  labImage,
  type OwnEngine,
  runningTasks,
  startEngine,
  tempDirectory,
} from '@vault-swarm/lab';
import type { ProductEvent } from '@vault-swarm/provider';
import type { Workload, WorkloadSnapshot } from '@vault-swarm/rotation';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDockerConnection, type DockerConnection } from './connection.ts';
import { wholeText } from './json-stream.ts';
import { DockerLeadership } from './leadership.ts';
import { DockerLedgerStore, ledgerName } from './ledger-store.ts';
import { DockerOrchestrator } from './orchestrator.ts';
import { DockerChanges } from './swarm-events.ts';
import { zstdBomb } from './testing/zstd-bomb.ts';

const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
const { signal } = new AbortController();
const driverName = 'docker-adapter-driver';
const within = { timeout: 60_000, interval: 200 };

const directory = tempDirectory();
let engine: OwnEngine;
let driver: Server;
let connection: DockerConnection;
let workloads: DockerOrchestrator;

beforeAll(async () => {
  engine = await startEngine({ dir: directory.path });
  driver = createServer((request, response) => {
    const value = Buffer.from('value').toString('base64');
    response.end(
      request.url === '/Plugin.Activate'
        ? '{"Implements":["secretprovider"]}'
        : `{"Value":"${value}","DoNotReuse":true}`,
    );
  });
  await new Promise<void>((resolve) => driver.listen(`/run/docker/plugins/${driverName}.sock`, resolve));
  // As a managed plugin is named.
  await link(`/run/docker/plugins/${driverName}.sock`, `/run/docker/plugins/${driverName}:latest.sock`);
  connection = createDockerConnection({ kind: 'unix', socketPath: engine.socketPath }, { clock });
  workloads = new DockerOrchestrator(connection, driverName);
});

afterAll(async () => {
  connection?.close();
  driver?.close();
  driver?.closeAllConnections();
  await engine?.stop();
  await directory.remove();
});

async function serviceNamed(name: string): Promise<Workload> {
  const { services } = await workloads.observe({ signal });
  const found = services.find((service) => service.name === name);
  if (found === undefined) throw new Error(`no service ${name} was observed`);
  return found;
}

const running = (service: Workload, generation: number) =>
  service.tasks.filter((task) => task.state === 'running' && task.generation === generation).length;

describe('an engine that is in no Swarm', () => {
  it('is rejected with what to do about it', async () => {
    await expect(new DockerLeadership(connection).role({ signal })).rejects.toThrow('docker swarm init');
    await expect(workloads.observe({ signal })).rejects.toMatchObject({ status: 503 });
  });
});

describe('a Swarm', () => {
  beforeAll(async () => {
    await engine.initSwarm();
    await importImage(engine);
    await createDriverSecret(engine, { name: 'ours', driver: driverName, labels: { vault_path: 'app/db' } });
    await createDriverSecret(engine, { name: 'tagged', driver: `${driverName}:latest` });
    await engine.api('POST', '/secrets/create', { Name: 'foreign', Data: Buffer.from('plain').toString('base64') });
    await createService(engine, {
      name: 'api',
      replicas: 2,
      secrets: ['ours', 'foreign'],
      flags: ['--limit-cpu', '0.5', '--env', 'A=ä"\\', '--stop-grace-period', '1s'],
    });
    await createService(engine, { name: 'other', secrets: ['foreign'] });
    const job = ['service', 'create', '--quiet', '--detach', '--no-resolve-image', '--mode', 'replicated-job'];
    await engine.dockerBytes(...job, '--name', 'job', '--secret', 'ours', labImage);
  });

  it('has one leader, which is us', async () => {
    expect(await new DockerLeadership(connection).role({ signal })).toBe('leader');
  });

  it('is observed: our secrets, the services that use them, their tasks', async () => {
    await expect.poll(async () => running(await serviceNamed('api'), 0), within).toBe(2);
    await expect.poll(async () => running(await serviceNamed('job'), 0), within).toBe(1);
    const snapshot: WorkloadSnapshot = await workloads.observe({ signal });
    const ours = snapshot.secrets.find(({ name }) => name === 'ours');
    expect(ours).toMatchObject({ labels: { vault_path: 'app/db' } });
    expect(snapshot.secrets.map(({ name }) => name).sort()).toEqual(['ours', 'tagged']);
    expect(snapshot.services.map(({ name, kind }) => [name, kind]).sort()).toEqual([
      ['api', 'service'],
      ['job', 'job'],
    ]);
    const api = await serviceNamed('api');
    expect(api).toMatchObject({
      secretIds: [ours?.id],
      generation: 0,
      rollout: { state: 'none', message: '', startedAtMs: null },
    });
    expect(api.tasks).toHaveLength(2);
    for (const { createdAtMs } of api.tasks) expect(Math.abs(Date.now() - createdAtMs)).toBeLessThan(60_000);
  });

  it('rolls a service, whose spec stays as it was', async () => {
    const specOf = async () => JSON.parse((await engine.dockerBytes('service', 'inspect', 'api')).toString())[0].Spec;
    const before = await specOf();
    const { id, version } = await serviceNamed('api');
    expect(await workloads.roll(id, version, 7, { signal })).toBe('applied');
    await expect.poll(async () => (await serviceNamed('api')).rollout.state, within).toBe('completed');
    const after = await serviceNamed('api');
    expect(after.generation).toBe(7);
    expect(Math.abs(Date.now() - (after.rollout.startedAtMs ?? 0))).toBeLessThan(60_000);
    expect(running(after, 7)).toBe(2);
    expect(after.tasks.filter(({ state, generation }) => state === 'running' && generation !== 7)).toEqual([]);
    before.TaskTemplate.ForceUpdate = 7;
    expect(await specOf()).toEqual(before);
  });

  it('tells a conflict if somebody else wrote first, and writes nothing', async () => {
    const { id, version } = await serviceNamed('api');
    await engine.dockerBytes('service', 'update', '--detach', '--label-add', 'x=y', 'api');
    expect(await workloads.roll(id, version, 8, { signal })).toBe('conflict');
    expect((await serviceNamed('api')).generation).toBe(7);
  });

  it('tells a conflict if the service is gone', async () => {
    await createService(engine, { name: 'short', secrets: ['ours'] });
    const { id, version } = await serviceNamed('short');
    await engine.dockerBytes('service', 'rm', 'short');
    expect(await workloads.roll(id, version, 1, { signal })).toBe('conflict');
    expect((await workloads.observe({ signal })).services.map(({ name }) => name)).not.toContain('short');
  });

  it('takes a label that decompresses to gigabytes for no ledger, and writes over it', async () => {
    const name = 'bomb.ledger';
    const bomb = await zstdBomb(2048);
    expect(bomb.length).toBeLessThan(100_000);
    const body = { Name: name, Labels: { 'vault-swarm.ledger': bomb }, Data: 'AAAA' };
    const { ID } = JSON.parse(
      await connection.call({ method: 'POST', path: '/configs/create', body, signal }, wholeText),
    );
    const store = new DockerLedgerStore(connection, { name, clock, keys: null });
    const found = await store.read({ signal });
    expect(found).toMatchObject({ text: bomb });
    expect(await store.compareAndSet(found?.version ?? null, 'ours', { signal })).toBe('applied');
    expect(await store.read({ signal })).toMatchObject({ text: 'ours' });
    await engine.dockerBytes('config', 'rm', ID);
  });

  it('stores the ledger, which is changed only with its latest version', async () => {
    const store = new DockerLedgerStore(connection, { name: ledgerName(driverName), clock, keys: null });
    expect(await store.read({ signal })).toBeNull();
    expect(await store.compareAndSet(null, '{"a":"ä"}', { signal })).toBe('applied');
    expect(await store.compareAndSet(null, 'late', { signal })).toBe('conflict');
    const first = await store.read({ signal });
    expect(first).toMatchObject({ text: '{"a":"ä"}' });
    const long = 'x'.repeat(1_499_000);
    expect(await store.compareAndSet(first?.version ?? '', long, { signal })).toBe('applied');
    expect(await store.compareAndSet(first?.version ?? '', 'late', { signal })).toBe('conflict');
    const second = await store.read({ signal });
    expect(second).toMatchObject({ text: long });
    await engine.dockerBytes('config', 'rm', ledgerName(driverName));
    expect(await store.read({ signal })).toBeNull();
    expect(await store.compareAndSet(second?.version ?? '', 'late', { signal })).toBe('conflict');
  });

  it('hints at a change, and again after the engine was restarted', async () => {
    const emitted: ProductEvent[] = [];
    const changes = new DockerChanges(connection, {
      clock,
      random: { next: () => 0 },
      events: { emit: (event) => emitted.push(event) },
    });
    let hints = 0;
    const stop = changes.onChange(() => hints++);
    try {
      await expect.poll(() => hints, within).toBe(1);
      await engine.dockerBytes('service', 'update', '--detach', '--label-add', 'hint=1', 'other');
      await expect.poll(() => hints, within).toBeGreaterThan(1);
      await engine.kill();
      engine = await startEngine({ dir: directory.path });
      const before = hints;
      await expect.poll(() => emitted.at(-1)?.type ?? 'orchestrator.recovered', within).toBe('orchestrator.recovered');
      await expect.poll(() => hints, within).toBeGreaterThanOrEqual(before);
      // The node may still be finding its Swarm again: a write is tried until it takes it.
      await expect
        .poll(
          () =>
            engine.docker('service', 'update', '--detach', '--label-add', 'hint=2', 'other').then(({ code }) => code),
          within,
        )
        .toBe(0);
      const restarted = hints;
      await engine.dockerBytes('service', 'update', '--detach', '--label-add', 'hint=3', 'other');
      await expect.poll(() => hints, within).toBeGreaterThan(restarted);
    } finally {
      stop();
    }
  });

  it('tells tasks that ended with their node from one whose process failed', async () => {
    const api = await serviceNamed('api');
    const failures = () => workloads.failures(api.id, { signal });
    const withNode = { generation: 7, nodeReady: false, message: 'exit code 255' };
    await expect.poll(failures, within).toContainEqual(expect.objectContaining(withNode));
    expect((await failures()).filter(({ nodeReady }) => nodeReady)).toEqual([]);
    await expect.poll(async () => running(await serviceNamed('api'), 7), within).toBe(2);
    const [task] = await runningTasks(engine, 'api');
    await engine.dockerBytes('kill', task?.containerId ?? '');
    const byItself = { id: task?.id, started: true, nodeReady: true, message: 'exit code 137' };
    await expect.poll(failures, within).toContainEqual(expect.objectContaining(byItself));
  });

  it.each([
    ['an image', ['no-such-image:1'], 'No such image'],
    ['a command', [labImage, '/no/such/command'], 'starting container failed'],
  ])('tells a task that could not start without %s', async (_, imageAndCommand, message) => {
    const name = `without-${imageAndCommand.length}`;
    const [image = '', ...command] = imageAndCommand;
    await createService(engine, { name, secrets: ['ours'], image, command });
    const { id } = await serviceNamed(name);
    const failure = { started: false, nodeReady: true, message: expect.stringContaining(message) };
    await expect
      .poll(() => workloads.failures(id, { signal }), within)
      .toContainEqual(expect.objectContaining(failure));
  });
});
