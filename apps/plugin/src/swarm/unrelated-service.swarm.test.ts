import {
  createService,
  driverRequest,
  type OwnEngine,
  type PluginSwarm,
  runningTasks,
  startOnSelectedEngine,
  startRaftWriteMonitor,
  tempDirectory,
  waitFor,
} from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const DRIVER = 'unrelated-service';
/** A node's requests come one after the other: one timeout of 2 s for all of them, and 250 ms that show that Vault still hangs. */
const ANSWERED_MS = 3_000;
/** With what a busy machine adds. */
const LATER_MS = 6_000;
const HELD_MS = 6_000;
const IN_TIME_MS = 90_000;

const directory = tempDirectory();
let swarm: PluginSwarm;
let engine: OwnEngine;
let usualMs: number;

beforeAll(async () => {
  swarm = await startOnSelectedEngine({ dir: directory.path, driver: DRIVER, count: 1 });
  engine = (await swarm.managers.leader()).engine;
  // The first one of a new engine takes longer.
  await plainServiceRuns('first');
  const times: number[] = [];
  for (const name of ['second', 'third', 'fourth']) times.push(await plainServiceRuns(name));
  usualMs = times.sort((a, b) => a - b)[1] ?? 0;
});

afterEach(async ({ task }) => {
  process.kill(swarm.vault.pid, 'SIGCONT');
  if (task.result?.state === 'fail') process.stderr.write(`${swarm.runners[0]?.plugin.logs().slice(-8_000)}\n`);
});

afterAll(async () => {
  await swarm?.stop();
  await directory.remove();
});

/** Creates a service without secrets; resolves to the time until it ran. */
async function plainServiceRuns(name: string): Promise<number> {
  const startedAtMs = performance.now();
  await createService(engine, { name });
  await waitFor(async () => (await runningTasks(engine, name)).length === 1, {
    timeoutMs: IN_TIME_MS,
    intervalMs: 20,
    what: `${name} to run`,
  });
  const tookMs = performance.now() - startedAtMs;
  await engine.dockerBytes('service', 'rm', name);
  return tookMs;
}

/** How long the plugin's answers to the engine took since its start, one with the other. */
async function answeredMs(): Promise<number> {
  const text = await (await fetch(`${swarm.runners[0]?.url}/api/metrics`)).text();
  const sums = text.matchAll(/^vault_swarm_plugin_getsecret_duration_seconds_sum(?:\{[^}]*\})? (\S+)$/gm);
  return [...sums].reduce((all, [, seconds]) => all + Number(seconds) * 1000, 0);
}

/** Waits until a secret that nobody has asked for gets its value from Vault: then the plugin knows that Vault is there. */
async function vaultIsKnownToAnswer(round: number): Promise<void> {
  await swarm.write(`asked-${round}`);
  const SecretLabels = { vault_path: `app/asked-${round}`, vault_field: 'password' };
  const socketPath = swarm.runners[0]?.plugin.socketPath ?? '';
  await waitFor(
    async (see) => {
      const { body } = await driverRequest(socketPath, '/SecretProvider.GetSecret', { SecretName: 'x', SecretLabels });
      see(body);
      return body.includes('"Value"');
    },
    { timeoutMs: IN_TIME_MS, what: 'the plugin to ask Vault again' },
  );
}

test.each([1, 3, 20])(
  'a service without secrets starts in time while %i secrets of another one wait for Vault',
  async (count) => {
    await vaultIsKnownToAnswer(count);
    const secrets = Array.from({ length: count }, (_, index) => `secret-${count}-${index + 1}`);
    for (const secret of secrets) await swarm.createSecret(secret);
    const probe = await startRaftWriteMonitor(engine);
    process.kill(swarm.vault.pid, 'SIGSTOP');
    const before = await answeredMs();

    await createService(engine, { name: `waiting-${count}`, secrets });
    const tookMs = await plainServiceRuns(`plain-${count}`);
    const answering = Math.round((await answeredMs()) - before);
    process.kill(swarm.vault.pid, 'SIGCONT');
    await waitFor(async () => (await runningTasks(engine, `waiting-${count}`)).length === 1, {
      timeoutMs: IN_TIME_MS,
      what: 'the one that waited to run',
    });
    await probe.stop();

    const held = probe.longestGap();
    process.stderr.write(
      `${count} secrets: ran after ${Math.round(tookMs)} ms, usually ${Math.round(usualMs)}, with ${answering} ms of answers; ` +
        `the store was held for ${held.lengthMs} ms at most (${probe.writes} writes)\n`,
    );
    expect(answering).toBeLessThan(ANSWERED_MS);
    expect(tookMs - usualMs).toBeLessThan(LATER_MS);
    expect(held.lengthMs).toBeLessThan(HELD_MS);
  },
);
