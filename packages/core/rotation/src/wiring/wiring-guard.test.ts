import type { ProductEvent, ProviderInstance, SecretRef } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import type { ServiceBindings } from '../bindings/secret-binding.ts';
import { NOTHING_OPEN, type OpenRollout } from '../ledger/ledger.ts';
import type { Workload, WorkloadTask } from '../ports/orchestrator.ts';
import { WIRING_PREFIX, WiringGuard } from './wiring-guard.ts';

const STUCK_AFTER_MS = 60_000;
const LEADERSHIP_VALID_MS = 120_000;
const secret = { id: 's1', name: 'password', labels: {} };
const instance = { secrets: { read: () => Promise.reject(new Error('not read')) } } as unknown as ProviderInstance;

function task(id: string, generation: number, createdAtMs = 0): WorkloadTask {
  return { id, generation, createdAtMs, state: 'running', reason: '' };
}

function workload(change: Partial<Workload> = {}): Workload {
  return {
    ...{ id: 'web', name: 'web', version: 1, generation: 0, fingerprint: 'f', kind: 'service', desiredTasks: 1 },
    ...{ secretIds: ['s1'], formerSecretIds: [], tasks: [task('old', 0)] },
    rollout: { state: 'none', message: '', startedAtMs: null, resumable: false },
    ...change,
  };
}

function inState(state: Workload['rollout']['state'], change: Partial<Workload> = {}): Workload {
  return workload({ rollout: { state, message: '', startedAtMs: 0, resumable: false }, ...change });
}

/** A guard with a clock that a test moves, and what it reports. */
function guarded(findProvider: (name: string) => Promise<ProviderInstance> = async () => instance) {
  const messages: string[] = [];
  let nowMs = 0;
  const guard = new WiringGuard({
    providers: ['vault'],
    findProvider,
    clock: { now: () => nowMs, monotonic: () => nowMs, after: () => () => {} },
    events: {
      emit(event: ProductEvent) {
        if (event.type === 'plugin.warning') messages.push(event.message.slice(WIRING_PREFIX.length));
      },
    },
    stuckAfterMs: STUCK_AFTER_MS,
    leadershipValidMs: LEADERSHIP_VALID_MS,
  });
  /** @param openGeneration of the open rollout; 0 for none. */
  const observe = (
    service: Workload,
    { provider = 'vault', secrets = [secret], hasLedger = false, openGeneration = 1, isLeased = false } = {},
  ) => {
    const lease = isLeased ? { lease: { params: null, settleMs: 0 } } : {};
    const ref: SecretRef = { provider, location: {}, encoding: 'raw', ...lease };
    const bindings = [{ ...{ secret, key: 's1', aliasKey: 'web/s1', ref }, refKey: 'k', rotate: 'auto' as const }];
    const services: readonly ServiceBindings[] = [{ service, bindings }];
    const rollout = openGeneration === 0 ? null : ({ generation: openGeneration } as OpenRollout);
    const ledger = { services: { web: { ...NOTHING_OPEN, rollout } } };
    guard.observed({ startedAtMs: nowMs, role: 'leader', secrets, services, hasLedger, ledger });
  };
  const wait = (durationMs: number) => {
    nowMs += durationMs;
  };
  return { guard, messages, observe, wait };
}

test('right ports cause no message', async () => {
  const { guard, messages, observe, wait } = guarded();
  guard.start();
  guard.chosen('old');
  guard.recorded();
  observe(workload());
  guard.rolled('web', 1, 'applied');
  observe(inState('rolling', { generation: 1, version: 2, tasks: [task('old', 0), task('new', 1)] }));
  wait(2 * STUCK_AFTER_MS);
  observe(inState('completed', { generation: 1, version: 3, tasks: [task('new', 1)] }));
  wait(2 * STUCK_AFTER_MS);
  observe(inState('completed', { generation: 1, version: 3, tasks: [task('new', 1)] }));
  await expect.poll(() => messages).toEqual([]);
});

test.each([
  ['the tasks', 1],
  ['the service', 0],
])('a generation that %s does not have is found', (_, generation) => {
  const { guard, messages, observe } = guarded();
  guard.recorded();
  messages.length = 0;
  observe(workload());
  guard.rolled('web', 1, 'applied');
  observe(inState('completed', { generation, version: 2, tasks: [task('new', 0)] }));
  // The tasks of the first snapshot may be of a rollback that its service does not show yet.
  expect(messages).toEqual([]);
  observe(inState('completed', { generation, version: 2, tasks: [task('new', 0)] }));
  expect(messages).toEqual([expect.stringContaining('no task of "web" has the generation 1')]);
});

test('a rollout that stays in progress is found', () => {
  const { guard, messages, observe, wait } = guarded();
  guard.recorded();
  messages.length = 0;
  observe(workload());
  guard.rolled('web', 1, 'applied');
  const done = inState('rolling', { generation: 1, version: 2, tasks: [task('new', 1)] });
  observe(done);
  wait(STUCK_AFTER_MS);
  observe(done);
  observe(done);
  expect(messages).toEqual([expect.stringContaining('not reported as completed')]);
});

test('a rollout that is closed, and that the orchestrator never reported as completed, is no mistake', () => {
  const { guard, messages, observe, wait } = guarded();
  guard.recorded();
  messages.length = 0;
  observe(workload());
  guard.rolled('web', 1, 'applied');
  const done = inState('rolling', { generation: 1, version: 2, tasks: [task('new', 1)] });
  observe(done);
  observe(done, { openGeneration: 0 });
  wait(STUCK_AFTER_MS);
  observe(done);
  wait(STUCK_AFTER_MS);
  observe(done);
  expect(messages).toEqual([]);
});

test('services without ids of secrets are found', () => {
  const { messages, observe } = guarded();
  observe(workload({ secretIds: [] }));
  expect(messages).toEqual([expect.stringContaining('secretIds of each service')]);
});

test('an id of no secret is found, unless it is only missing once', () => {
  const { guard, messages, observe } = guarded();
  guard.chosen('old');
  guard.recorded();
  observe(workload({ secretIds: ['s2'] }));
  observe(workload());
  expect(messages).toEqual([]);
  observe(workload({ secretIds: ['s2'] }));
  observe(workload({ secretIds: ['s2'] }));
  expect(messages).toEqual([expect.stringContaining('"web" uses the secret id "s2"')]);
});

test('a missing call of record, of choose, or of both is found', () => {
  const noRecord = guarded();
  noRecord.guard.chosen('old');
  noRecord.observe(workload());
  // A task from before the start requests its secrets again, and its provider does not answer.
  expect(noRecord.messages).toEqual([]);
  noRecord.guard.chosen('new');
  const asked = workload({ tasks: [task('new', 0, 10_001)] });
  noRecord.observe(asked);
  noRecord.wait(STUCK_AFTER_MS);
  expect(noRecord.messages).toEqual([]);
  noRecord.observe(asked);
  expect(noRecord.messages).toEqual([expect.stringContaining('and record was not')]);

  const noChoose = guarded();
  noChoose.guard.recorded();
  expect(noChoose.messages).toEqual([expect.stringContaining('and choose was not')]);

  const neither = guarded();
  neither.observe(workload({ tasks: [task('before', 0, 5_000)] }));
  expect(neither.messages).toEqual([]);
  const started = workload({ tasks: [task('since', 0, 20_000)] });
  neither.observe(started);
  neither.wait(STUCK_AFTER_MS);
  neither.observe(started);
  expect(neither.messages).toEqual([expect.stringContaining('choose and record were not called')]);

  const notAlone = guarded();
  notAlone.observe(started, { hasLedger: true });
  notAlone.wait(STUCK_AFTER_MS);
  notAlone.observe(started, { hasLedger: true });
  expect(notAlone.messages).toEqual([]);
});

/** A task for which `choose` was called, and `record` was not: its request has no answer yet, or got none. */
function withUnanswered() {
  const guarding = guarded();
  guarding.observe(workload());
  guarding.guard.chosen('new');
  return { ...guarding, running: workload({ tasks: [task('new', 0)] }) };
}

test('a task that another process may have given its secrets is no mistake', () => {
  const { messages, observe, wait, running } = withUnanswered();
  wait(LEADERSHIP_VALID_MS + 1);
  observe(running);
  wait(STUCK_AFTER_MS);
  observe(running);
  expect(messages).toEqual([]);
});

test('a request that is answered later, or a task that ends, is no mistake', () => {
  const late = withUnanswered();
  late.observe(late.running);
  late.guard.recorded();
  late.wait(STUCK_AFTER_MS);
  late.observe(late.running);
  expect(late.messages).toEqual([]);

  const ends = withUnanswered();
  ends.observe(ends.running);
  ends.observe(workload({ tasks: [] }));
  ends.wait(STUCK_AFTER_MS);
  ends.observe(ends.running);
  expect(ends.messages).toEqual([]);
});

test('a service whose secrets are all leased is no mistake: for them choose is not called', () => {
  const { messages, observe, wait } = guarded();
  const options = { isLeased: true };
  observe(workload(), options);
  const started = workload({ tasks: [task('new', 0)] });
  observe(started, options);
  wait(STUCK_AFTER_MS);
  observe(started, options);
  expect(messages).toEqual([]);
});

test('a provider that is unknown, that can not be found, or that is none is found', async () => {
  const unknown = guarded();
  unknown.observe(workload(), { provider: 'valt' });
  expect(unknown.messages).toContainEqual(expect.stringContaining('"valt", and providers contains only "vault"'));

  const rejects = guarded(() => Promise.reject(new Error('no such module')));
  rejects.guard.start();
  await expect.poll(() => rejects.messages).toEqual(["the provider vault can't be opened: no such module"]);

  const wrong = guarded(async () => ({}) as ProviderInstance);
  wrong.guard.start();
  await expect.poll(() => wrong.messages).toEqual([expect.stringContaining('secrets.read')]);
});

test('an update of which nothing is reported is no mistake, since its user may have changed the service before it was observed', () => {
  const { guard, messages, observe, wait } = guarded();
  guard.chosen('old');
  guard.recorded();
  observe(workload());
  guard.rolled('web', 1, 'applied');
  const forgotten = inState('none', { generation: 1, version: 3, tasks: [task('new', 1)] });
  observe(forgotten);
  wait(STUCK_AFTER_MS + 1);
  observe(forgotten);
  expect(messages).toEqual([]);
});

test('an update that is late after an earlier one was reported as completed is no mistake', () => {
  const { guard, messages, observe, wait } = guarded();
  guard.chosen('old');
  guard.recorded();
  observe(inState('completed'));
  guard.rolled('web', 1, 'applied');
  const late = inState('rolling', { generation: 1, version: 2, tasks: [task('new', 1)] });
  observe(late);
  wait(STUCK_AFTER_MS + 1);
  observe(late);
  expect(messages).toEqual([]);
});

test('an update that was rolled back and followed by another of its user, between two observations, is no mistake', () => {
  const { guard, messages, observe } = guarded();
  observe(workload());
  guard.rolled('web', 5, 'applied');
  observe(inState('completed', { generation: 1, version: 4, tasks: [task('forced', 1)] }));
  expect(messages).toEqual([]);
});

test.each([
  ['it was seen', [inState('rolling-back', { generation: 0, version: 3 })]],
  ['it was not seen', []],
])('an update that was rolled back is no mistake, whatever its user does then: %s', (_how, between) => {
  const { guard, messages, observe } = guarded();
  observe(workload());
  guard.rolled('web', 2, 'applied');
  observe(inState('rolling', { generation: 2, version: 2, tasks: [task('old', 0)] }));
  for (const service of between) observe(service);
  observe(inState('completed', { generation: 1, version: 4, tasks: [task('forced', 1)] }));
  expect(messages).toEqual([]);
});
