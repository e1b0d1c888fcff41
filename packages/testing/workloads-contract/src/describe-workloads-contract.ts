import type { Leadership, LedgerStore, Workload, WorkloadChanges, Workloads } from '@vault-swarm/rotation';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** An orchestrator, real or simulated, and what its user may do. Names are the contract's own; no two are alike. */
export interface WorkloadsHarness {
  readonly workloads: Workloads;
  readonly changes: WorkloadChanges;
  readonly leadership: Leadership;
  /** Nothing is written in it yet. */
  readonly ledger: LedgerStore;
  /** Makes a secret of ours. */
  createSecret(name: string, labels: Readonly<Record<string, string>>): Promise<void>;
  /** Makes a service that uses the named secrets, without waiting for its tasks. */
  createService(name: string, kind: 'service' | 'job', replicas: number, secrets: readonly string[]): Promise<void>;
  /** What `docker service update --force` does. */
  forceUpdate(service: string): Promise<void>;
  removeService(service: string): Promise<void>;
  /** Lets time pass until the condition holds; rejects if it does not within a minute. */
  until(condition: () => Promise<boolean>): Promise<void>;
  tearDown(): Promise<void>;
}

/** Registers the contract of the ports to an orchestrator as tests. They share one harness, and run in this order. */
export function describeWorkloadsContract(name: string, setUp: () => Promise<WorkloadsHarness>): void {
  describe(`workloads contract: ${name}`, () => {
    const { signal } = new AbortController();
    let harness: WorkloadsHarness;

    const find = async (service: string): Promise<Workload> => {
      const { services } = await harness.workloads.observe({ signal });
      const found = services.find((candidate) => candidate.name === service);
      if (found === undefined) throw new Error(`no service ${service} was observed`);
      return found;
    };
    const runs = async (service: string, replicas: number, generation: number) => {
      const { tasks } = await find(service);
      const running = tasks.filter(({ state }) => state === 'running');
      return running.length === replicas && running.every((task) => task.generation === generation);
    };

    beforeAll(async () => {
      harness = await setUp();
      await harness.createSecret('password', { vault_path: 'app/db' });
      await harness.createSecret('key', {});
      await harness.createService('web', 'service', 2, ['password', 'key']);
      await harness.createService('nightly', 'job', 1, ['password']);
      await harness.until(() => runs('web', 2, 0));
    });
    afterAll(() => harness?.tearDown());

    test('shows our secrets with their labels', async () => {
      const { secrets } = await harness.workloads.observe({ signal });
      const shown = secrets.map(({ name: secret, labels }) => [secret, labels]);
      expect(shown).toContainEqual(['password', { vault_path: 'app/db' }]);
      expect(shown).toContainEqual(['key', {}]);
    });

    test('shows the services that use them, each secret once, and tells a job from a service', async () => {
      const { secrets } = await harness.workloads.observe({ signal });
      const idOf = (secret: string) => secrets.find((candidate) => candidate.name === secret)?.id;
      const web = await find('web');
      expect(web.secretIds.toSorted()).toEqual([idOf('password'), idOf('key')].toSorted());
      expect(web).toMatchObject({ kind: 'service', generation: 0, rollout: { state: 'none', startedAtMs: null } });
      expect(await find('nightly')).toMatchObject({ kind: 'job', secretIds: [idOf('password')] });
    });

    test('rolls a service to the generation that it is told, which replaces all of its tasks', async () => {
      const before = await find('web');
      expect(await harness.workloads.roll(before.id, before.version, 3, { signal })).toBe('applied');
      const after = await find('web');
      expect(after.generation).toBe(3);
      expect(after.version).toBeGreaterThan(before.version);
      await harness.until(async () => (await find('web')).rollout.state === 'completed');
      expect(await runs('web', 2, 3)).toBe(true);
      const { tasks, rollout } = await find('web');
      expect(rollout.startedAtMs).toBeGreaterThan(0);
      const old = new Set(before.tasks.map(({ id }) => id));
      expect(tasks.filter(({ id, state }) => state === 'running' && old.has(id))).toEqual([]);
    });

    test('a completed rollout is never shown beside tasks from before it', async () => {
      const before = await find('web');
      await harness.forceUpdate('web');
      await harness.until(async () => {
        const { rollout, tasks, generation } = await find('web');
        if (generation === before.generation || rollout.state !== 'completed') return false;
        expect(tasks.filter((task) => task.state === 'running' && task.generation < generation)).toEqual([]);
        return true;
      });
    });

    test("a user's own update changes version and generation, so that a roll planned before it is a conflict", async () => {
      const before = await find('web');
      await harness.forceUpdate('web');
      const after = await find('web');
      expect(after.version).toBeGreaterThan(before.version);
      expect(after.generation).toBe(before.generation + 1);
      expect(await harness.workloads.roll(before.id, before.version, 99, { signal })).toBe('conflict');
      expect((await find('web')).generation).toBe(after.generation);
    });

    test('a service that is gone is a conflict, and is shown no more', async () => {
      await harness.createService('short-lived', 'service', 1, ['key']);
      const { id, version } = await find('short-lived');
      await harness.removeService('short-lived');
      expect(await harness.workloads.roll(id, version, 1, { signal })).toBe('conflict');
      const { services } = await harness.workloads.observe({ signal });
      expect(services.map((service) => service.name)).not.toContain('short-lived');
    });

    test('hints at a change until nobody listens any more', async () => {
      let hints = 0;
      const stop = harness.changes.onChange(() => {
        hints += 1;
      });
      // Following may begin with a hint of its own.
      let before = Number.POSITIVE_INFINITY;
      await harness.until(async () => {
        if (before === Number.POSITIVE_INFINITY || hints === before) {
          before = hints;
          await harness.forceUpdate('web');
        }
        return hints > before;
      });
      stop();
      const after = hints;
      await harness.forceUpdate('web');
      expect((await find('web')).name).toBe('web');
      expect(hints).toBe(after);
    });

    test('this node leads', async () => {
      expect(await harness.leadership.role({ signal })).toBe('leader');
    });

    test('the ledger is changed only by who read its latest version', async () => {
      const { ledger } = harness;
      expect(await ledger.read({ signal })).toBeNull();
      expect(await ledger.compareAndSet(null, '{"a":"ä"}', { signal })).toBe('applied');
      expect(await ledger.compareAndSet(null, 'late', { signal })).toBe('conflict');
      const first = await ledger.read({ signal });
      expect(first?.text).toBe('{"a":"ä"}');
      expect(await ledger.compareAndSet(first?.version ?? '', 'second', { signal })).toBe('applied');
      expect(await ledger.compareAndSet(first?.version ?? '', 'late', { signal })).toBe('conflict');
      expect((await ledger.read({ signal }))?.text).toBe('second');
    });

    test('every call heeds a signal that was aborted before', async () => {
      const aborted = { signal: AbortSignal.abort(new Error('stopped')) };
      const { workloads, leadership, ledger } = harness;
      await expect(workloads.observe(aborted)).rejects.toThrow('stopped');
      await expect(workloads.roll('any', 1, 1, aborted)).rejects.toThrow('stopped');
      await expect(leadership.role(aborted)).rejects.toThrow('stopped');
      await expect(ledger.read(aborted)).rejects.toThrow('stopped');
      await expect(ledger.compareAndSet(null, 'x', aborted)).rejects.toThrow('stopped');
    });
  });
}
