import type { Leadership, LedgerStore, Orchestrator, OrchestratorChanges, Workload } from '@vault-swarm/rotation';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** Which tasks that ended are replaced. */
export interface RestartPolicy {
  readonly condition: 'any' | 'on-failure' | 'none';
  /** How often a task is replaced until the next update; 0: always. */
  readonly maxAttempts: number;
}

/** An orchestrator, real or simulated, and the actions of its user. The contract chooses unique names. */
export interface WorkloadsHarness {
  readonly workloads: Orchestrator;
  readonly changes: OrchestratorChanges;
  readonly leadership: Leadership;
  /** An empty ledger. */
  readonly ledger: LedgerStore;
  /** Creates a secret of our driver. */
  createSecret(name: string, labels: Readonly<Record<string, string>>): Promise<void>;
  /**
   * Creates a service that uses the named secrets, without waiting for its tasks. A global one has a task on each node,
   * whatever `replicas` is. By default every task that ends is replaced.
   */
  createService(
    name: string,
    kind: 'service' | 'global' | 'job',
    replicas: number,
    secrets: readonly string[],
    restart?: RestartPolicy,
  ): Promise<void>;
  /** Restarts all tasks of the service, as its user can: in Docker `docker service update --force`. */
  forceUpdate(service: string): Promise<void>;
  /** Changes a part of the service's task template other than the generation. */
  changeSpec(service: string): Promise<void>;
  /** Lets later updates of the service replace all of its tasks at the same time, and start each new one first. */
  startFirst(service: string): Promise<void>;
  /** Makes each running task of the service fail, without waiting for the replacements. */
  failTasks(service: string): Promise<void>;
  /**
   * Does the same as `forceUpdate` while no secret can be delivered. Resolves when the orchestrator has paused the update
   * because a task could not start, and deliveries work again.
   */
  pauseUpdate(service: string): Promise<void>;
  removeService(service: string): Promise<void>;
  /** Waits until the condition is met. Rejects after a minute. */
  until(condition: () => Promise<boolean>): Promise<void>;
  tearDown(): Promise<void>;
}

/** Registers the contract of the orchestrator's ports as tests. They share one harness and run in this order. */
export function describeOrchestratorContract(name: string, setUp: () => Promise<WorkloadsHarness>): void {
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

    const rolled = ({ id, version }: Workload, generation: number) =>
      harness.workloads.roll(id, version, generation, { signal });

    beforeAll(async () => {
      harness = await setUp();
      await harness.createSecret('password', { vault_path: 'app/db' });
      await harness.createSecret('key', {});
      await harness.createService('web', 'service', 2, ['password', 'key']);
      await harness.createService('nightly', 'job', 1, ['password']);
      await harness.until(() => runs('web', 2, 0));
    });
    afterAll(() => harness?.tearDown());

    test('observes our secrets with their labels', async () => {
      const { secrets } = await harness.workloads.observe({ signal });
      const shown = secrets.map(({ name: secret, labels }) => [secret, labels]);
      expect(shown).toContainEqual(['password', { vault_path: 'app/db' }]);
      expect(shown).toContainEqual(['key', {}]);
    });

    test('observes the services that use them, each secret once, and distinguishes jobs from services', async () => {
      const { secrets } = await harness.workloads.observe({ signal });
      const idOf = (secret: string) => secrets.find((candidate) => candidate.name === secret)?.id;
      const web = await find('web');
      expect(web.secretIds.toSorted()).toEqual([idOf('password'), idOf('key')].toSorted());
      expect(web).toMatchObject({
        kind: 'service',
        generation: 0,
        desiredTasks: 2,
        rollout: { state: 'none', startedAtMs: null },
      });
      expect(await find('nightly')).toMatchObject({ kind: 'job', secretIds: [idOf('password')] });
    });

    test('rolls a service to the given generation, which replaces all of its tasks', async () => {
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

    test("returns a task's generation, and null for an unknown task", async () => {
      const { tasks } = await find('web');
      for (const { id, generation, state } of tasks)
        expect(await harness.workloads.findTask(id, { signal })).toMatchObject({ id, generation, state });
      expect(tasks).not.toEqual([]);
      expect(await harness.workloads.findTask('no-such-task', { signal })).toBeNull();
    });

    test('a completed rollout is never observed together with older tasks', async () => {
      const before = await find('web');
      await harness.forceUpdate('web');
      await harness.until(async () => {
        const { rollout, tasks, generation } = await find('web');
        if (generation === before.generation || rollout.state !== 'completed') return false;
        expect(tasks.filter((task) => task.state === 'running' && task.generation < generation)).toEqual([]);
        return true;
      });
    });

    test("a user's update changes version and generation, so that an earlier planned roll is a conflict", async () => {
      const before = await find('web');
      await harness.forceUpdate('web');
      const after = await find('web');
      expect(after.version).toBeGreaterThan(before.version);
      expect(after.generation).toBe(before.generation + 1);
      expect(await harness.workloads.roll(before.id, before.version, 99, { signal })).toBe('conflict');
      expect((await find('web')).generation).toBe(after.generation);
    });

    test('an update that is no longer due is a conflict, and changes nothing', async () => {
      const { id, version, generation } = await find('web');
      const outcome = await harness.workloads.roll(id, version, generation + 1, { signal, isDue: () => false });
      expect(outcome).toBe('conflict');
      expect(await find('web')).toMatchObject({ version, generation });
    });

    test('a fingerprint is the same for all generations until the service is changed', async () => {
      const before = await find('web');
      await harness.forceUpdate('web');
      const forced = await find('web');
      expect(forced.generation).not.toBe(before.generation);
      expect(forced.fingerprint).toBe(before.fingerprint);
      // The orchestrator writes the progress of updates, which makes earlier reads outdated.
      await harness.until(async () => (await rolled(await find('web'), forced.generation + 1)) === 'applied');
      expect((await find('web')).fingerprint).toBe(before.fingerprint);
      await harness.changeSpec('web');
      const changed = await find('web');
      expect(changed.generation).toBe(forced.generation + 1);
      expect(changed.version).toBeGreaterThan(forced.version);
      expect(changed.fingerprint).not.toBe(before.fingerprint);
    });

    test('returns tasks that failed after they had started', async () => {
      const { id, generation } = await find('web');
      await harness.until(async () => (await find('web')).rollout.state !== 'rolling' && runs('web', 2, generation));
      // A stopped task may be shown as failed: those of earlier generations were stopped.
      const failuresNow = async () =>
        (await harness.workloads.failures(id, { signal })).filter((failed) => failed.generation === generation);
      expect(await failuresNow()).toEqual([]);
      const before = (await find('web')).tasks.filter(({ state }) => state === 'running');
      await harness.failTasks('web');
      await harness.until(async () => (await failuresNow()).length === 2);
      const failures = await failuresNow();
      expect(failures.map((failed) => failed.id).toSorted()).toEqual(before.map((task) => task.id).toSorted());
      const { fingerprint } = await find('web');
      for (const failed of failures) {
        expect(failed).toMatchObject({
          generation,
          fingerprint,
          started: true,
          nodeReady: true,
          message: expect.stringMatching(/./),
        });
      }
      await harness.until(() => runs('web', 2, generation));
    });

    test('returns tasks that could not start, and resumes the update that was paused because of them', async () => {
      await harness.pauseUpdate('web');
      const paused = await find('web');
      expect(paused.rollout).toMatchObject({
        state: 'paused',
        message: expect.stringMatching(/./),
        resumable: true,
      });
      const failures = await harness.workloads.failures(paused.id, { signal });
      const ofUpdate = failures.filter(({ generation }) => generation === paused.generation);
      expect(ofUpdate.map(({ id, generation, fingerprint, message, endedAtMs, ...why }) => why)).toContainEqual({
        started: false,
        undelivered: true,
        nodeReady: true,
        ranMs: null,
      });
      expect(ofUpdate.filter(({ started }) => started)).toEqual([]);
      expect(await rolled(paused, paused.generation)).toBe('applied');
      expect((await find('web')).rollout.state).not.toBe('paused');
      await harness.until(async () => {
        const resumed = await find('web');
        expect(resumed).toMatchObject({ generation: paused.generation, fingerprint: paused.fingerprint });
        if (await runs('web', 2, paused.generation)) return true;
        // Swarm loses the resume of an update that was still stopping: it must be repeated.
        if (resumed.rollout.state !== 'rolling') await rolled(resumed, resumed.generation);
        return false;
      });
    });

    describe('a service that starts new tasks before it stops the old ones', () => {
      beforeAll(async () => {
        await harness.createService('eager', 'service', 2, ['key']);
        await harness.startFirst('eager');
        await harness.until(() => runs('eager', 2, 0));
      });

      test('has all of its tasks during an update of all of them', async () => {
        expect(await rolled(await find('eager'), 1)).toBe('applied');
        await harness.until(async () => {
          const { tasks, rollout } = await find('eager');
          expect(tasks.filter(({ state }) => state === 'running').length).toBeGreaterThanOrEqual(2);
          return rollout.state === 'completed';
        });
        await harness.until(() => runs('eager', 2, 1));
      });

      test('keeps the old tasks when an update is paused because new ones could not start', async () => {
        await harness.pauseUpdate('eager');
        const { tasks, generation } = await find('eager');
        expect(generation).toBe(2);
        expect(tasks.filter((task) => task.state === 'running' && task.generation === 1)).toHaveLength(2);
      });
    });

    test('a global service has a task on each node, and no desired number of tasks', async () => {
      await harness.createService('everywhere', 'global', 0, ['key']);
      await harness.until(() => runs('everywhere', 1, 0));
      const before = await find('everywhere');
      expect(before).toMatchObject({ kind: 'service', desiredTasks: null });
      expect(await rolled(before, 1)).toBe('applied');
      await harness.until(async () => (await find('everywhere')).rollout.state === 'completed');
      expect(await runs('everywhere', 1, 1)).toBe(true);
    });

    describe('a service that does not replace every task that ends', () => {
      /** By then a task that ended before would have been replaced as well. */
      const untilOthersAreReplaced = async () => {
        const running = async () => (await find('web')).tasks.filter(({ state }) => state === 'running');
        const before = new Set((await running()).map(({ id }) => id));
        await harness.failTasks('web');
        await harness.until(async () => {
          const now = await running();
          return now.length === 2 && now.every(({ id }) => !before.has(id));
        });
      };
      const failAndFind = async (service: string) => {
        await harness.failTasks(service);
        await untilOthersAreReplaced();
        return (await find(service)).tasks.filter(({ state }) => state !== 'ended').map(({ state }) => state);
      };

      test('leaves them until an update replaces them', async () => {
        await harness.createService('once', 'service', 2, ['key'], { condition: 'none', maxAttempts: 0 });
        await harness.until(() => runs('once', 2, 0));
        expect(await failAndFind('once')).toEqual([]);
        expect(await rolled(await find('once'), 1)).toBe('applied');
        await harness.until(() => runs('once', 2, 1));
      });

      test('counts its attempts again from zero after an update', async () => {
        await harness.createService('stubborn', 'service', 1, ['key'], { condition: 'on-failure', maxAttempts: 1 });
        await harness.until(() => runs('stubborn', 1, 0));
        for (const generation of [1, 2]) {
          expect(await failAndFind('stubborn')).toEqual(['running']);
          expect(await failAndFind('stubborn')).toEqual([]);
          expect(await rolled(await find('stubborn'), generation)).toBe('applied');
          await harness.until(() => runs('stubborn', 1, generation));
        }
      });
    });

    test('a removed service is a conflict, and is no longer observed', async () => {
      await harness.createService('short-lived', 'service', 1, ['key']);
      const { id, version } = await find('short-lived');
      await harness.removeService('short-lived');
      expect(await harness.workloads.roll(id, version, 1, { signal })).toBe('conflict');
      expect(await harness.workloads.failures(id, { signal })).toEqual([]);
      const { services } = await harness.workloads.observe({ signal });
      expect(services.map((service) => service.name)).not.toContain('short-lived');
    });

    test('sends hints about changes until the listener is removed', async () => {
      let hints = 0;
      const stop = harness.changes.onChange(() => {
        hints += 1;
      });
      // The subscription may start with a hint.
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

    test('this node is the leader', async () => {
      expect(await harness.leadership.role({ signal })).toBe('leader');
    });

    test('the ledger is changed only with its latest version', async () => {
      const { ledger } = harness;
      expect(await ledger.read({ signal })).toBeNull();
      expect(await ledger.compareAndSet(null, '{"a":"ä"}', { signal })).toBe('applied');
      expect(await ledger.compareAndSet(null, 'late', { signal })).toBe('conflict');
      const first = await ledger.read({ signal });
      expect(first).toMatchObject({ kind: 'text', text: '{"a":"ä"}', warning: null });
      expect(await ledger.compareAndSet(first?.version ?? '', 'second', { signal })).toBe('applied');
      expect(await ledger.compareAndSet(first?.version ?? '', 'late', { signal })).toBe('conflict');
      expect(await ledger.read({ signal })).toMatchObject({ text: 'second' });
    });

    test('every call rejects if its signal is already aborted', async () => {
      const aborted = { signal: AbortSignal.abort(new Error('stopped')) };
      const { workloads, leadership, ledger } = harness;
      await expect(workloads.observe(aborted)).rejects.toThrow('stopped');
      await expect(workloads.findTask('any', aborted)).rejects.toThrow('stopped');
      await expect(workloads.failures('any', aborted)).rejects.toThrow('stopped');
      await expect(workloads.roll('any', 1, 1, aborted)).rejects.toThrow('stopped');
      await expect(leadership.role(aborted)).rejects.toThrow('stopped');
      await expect(ledger.read(aborted)).rejects.toThrow('stopped');
      await expect(ledger.compareAndSet(null, 'x', aborted)).rejects.toThrow('stopped');
    });
  });
}
