import { TimeSlices } from '@vault-swarm/kernel';
import { SimulatedClock } from '@vault-swarm/simulation';
import { expect, test } from 'vitest';
import { emptyLedger, NOTHING_OPEN } from '../ledger/ledger.ts';
import type { Workload, WorkloadTask } from '../ports/orchestrator.ts';
import { bad, bindingOf, rollout, task, value } from '../testing/decided-service.ts';
import { plan } from './plan.ts';
import type { PlanInput } from './plan-input.ts';
import { RAMP_START } from './ramp.ts';
import { NOT_TRACKED } from './rollout-tracker.ts';
import { AT_ONCE } from './start-times.ts';

const service = (id: string, differs: Partial<Workload>): PlanInput['services'][number] => ({
  service: {
    ...{ id, name: id, version: 1, generation: 0, fingerprint: 'spec 1', kind: 'service', desiredTasks: 1 },
    ...{ secretIds: ['s1'], formerSecretIds: [], tasks: [] },
    rollout: { state: 'completed', message: '', startedAtMs: 0, resumable: false },
    ...differs,
  },
  bindings: [bindingOf('s1')],
});

test('a service none of whose tasks runs waits for the newer value since its rollout was due, and gets the first place', async () => {
  const crashing: WorkloadTask = { ...task('crashing', 5), state: 'starting' };
  const paused = { state: 'paused', message: '', startedAtMs: 0, resumable: true } as const;
  const input: PlanInput = {
    nowMs: 9_000,
    services: [
      service('api', { tasks: [task('old', 0)] }),
      service('web', { generation: 5, tasks: [crashing], rollout: paused }),
    ],
    current: () => ({ ...value('r3'), digest: 'r3', createdAtMs: null }),
    answered: () => [],
    ledger: {
      ...emptyLedger(null),
      secrets: { s1: { ...value('r3'), digest: 'r3', seenAtMs: 5_000 } },
      services: {
        api: { ...NOTHING_OPEN, taskOverrides: { old: { s1: value('r1') } } },
        web: { ...NOTHING_OPEN, rollout: { ...rollout, state: 'stuck' } },
      },
    },
    policy: { maxParallel: 1, maxParallelLimit: 1, stuckAfterMs: 600_000, onFailure: 'rollback' },
    startTimes: AT_ONCE,
    watched: () => ({ ...NOT_TRACKED, applied: true }),
    stability: () => ({ unchangedForMs: 60_000, stableForMs: 0 }),
    pace: () => ({ inARow: 0, pauseMs: 0 }),
    lastGood: () => 'available',
    failures: new Map([['web', [bad, bad]]]),
    undeliverable: () => null,
    rejections: new Map(),
    ramp: RAMP_START,
    earlierUses: () => [],
  };
  const planned = await plan(input, new TimeSlices(new SimulatedClock(), { signal: new AbortController().signal }));
  expect(planned.rolls.map(({ serviceName }) => serviceName)).toEqual(['web']);
  expect(planned.services.find(({ serviceId }) => serviceId === 'api')?.waitingReason?.code).toBe('PARALLEL_LIMIT');
});
