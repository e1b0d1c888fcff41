import { expect, it } from 'vitest';
import type { Workload, WorkloadTask } from '../ports/orchestrator.ts';
import { applyChanges } from './lease-changes.ts';
import type { LeaseDocument, LeaseSet } from './lease-document.ts';
import { type AccountInput, accountForTasks } from './usage.ts';

const task = (id: string, createdAtMs: number, state: WorkloadTask['state']): WorkloadTask => ({
  ...{ id, generation: 0, createdAtMs, state, reason: '' },
});
const web = (...tasks: WorkloadTask[]): Workload => ({
  ...{ id: 'web', name: 'web', version: 1, generation: 0, fingerprint: 'f', kind: 'service', desiredTasks: 2 },
  ...{ secretIds: ['s'], formerSecretIds: [], tasks },
  rollout: { state: 'none', message: '', startedAtMs: null, resumable: false },
});
const set: LeaseSet = {
  ...{ id: 'a', serviceId: 'web', generation: 0, provider: 'vault', leaseKey: 'key', epoch: 1, issuedAtMs: 0 },
  ...{ leaseId: 'lease', renewalMs: 0, endMs: null, holder: null, knownUntilMs: 0 },
};

/** The accounts after this process gave the set to the task `new`. */
function accounts(service: Workload, more: Partial<AccountInput> = {}): LeaseDocument {
  const document: LeaseDocument = { sets: [set], holders: [] };
  const changes = accountForTasks({
    ...{ service, document, leaseKey: 'key', provider: 'vault', epoch: 1, nowMs: 60_000 },
    ...{ mayAdopt: true, othersUntilMs: 500 },
    givenTo: (id) => (id === 'new' ? 'a' : undefined),
    ...more,
  });
  return applyChanges(document, changes);
}

it('a starting task that may have a credential of another process does not become known with the tasks after it', () => {
  const starting = accounts(web(task('old', 100, 'starting'), task('new', 200, 'running')));
  expect(starting.sets).toEqual([set]);
  const running = accounts(web(task('old', 100, 'running'), task('new', 200, 'running')));
  expect(running.sets).toEqual([set, expect.objectContaining({ endMs: 60_000, knownUntilMs: 100 })]);
});

it('a starting task that no other process was asked for keeps none from becoming known', () => {
  const service = web(task('old', 100, 'starting'), task('new', 200, 'running'));
  expect(accounts(service, { othersUntilMs: 0 }).sets).toEqual([{ ...set, knownUntilMs: 200 }]);
});
