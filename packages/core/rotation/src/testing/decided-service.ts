import type { BindingState } from '../bindings/binding-state.ts';
import type { SecretBinding } from '../bindings/secret-binding.ts';
import { type LedgerService, NOTHING_OPEN, type OpenRollout } from '../ledger/ledger.ts';
import { type SecretVersion, tagRevision } from '../ledger/secret-version.ts';
import { planRollout } from '../planner/plan-rollout.ts';
import type { ServiceState } from '../planner/service-state.ts';
import { AT_ONCE } from '../planner/start-times.ts';
import type { FailedTask, RolloutReport, Workload, WorkloadTask } from '../ports/orchestrator.ts';

/** A value of the ref `ref`, by its revision. */
export const value = (revision: string): SecretVersion => ({
  revision: tagRevision('ref', revision),
  digest: revision,
});
/** A running task, older ones of lower generations. */
export const task = (id: string, generation: number): WorkloadTask => ({
  id,
  generation,
  createdAtMs: generation * 1_000,
  state: 'running',
  reason: '',
});

/** Brings `r2` instead of `r1` to generation 5. */
export const rollout: OpenRollout = {
  direction: 'forward',
  generation: 5,
  startedAtMs: 0,
  changedAtMs: 0,
  attempt: 1,
  state: 'open',
  failure: '',
  fingerprint: 'spec 1',
  target: { s1: value('r2') },
  lastGood: { s1: value('r1') },
};

/** A task of {@link rollout} that failed after it had started. */
export const bad: FailedTask = {
  id: 'failed',
  generation: 5,
  fingerprint: 'spec 1',
  started: true,
  undelivered: false,
  nodeReady: true,
  message: 'exit code 1',
  ranMs: 2_000,
  endedAtMs: 0,
};

/** What differs from the usual: a paused {@link rollout} with one old task. */
export interface Told {
  readonly service?: Partial<Workload>;
  readonly state?: RolloutReport['state'];
  readonly entry?: Partial<LedgerService>;
  /** `null`: it is not known. */
  readonly desired?: SecretVersion | null;
  /** What the running tasks hold. */
  readonly actual?: BindingState['actual'];
  readonly serviceState?: Partial<ServiceState>;
}

/** A secret of the service, by its ledger key. */
export function bindingOf(key: string, refKey = 'ref'): SecretBinding {
  const secret = { id: key, name: key, labels: {} };
  const ref = { provider: 'vault', location: {}, encoding: 'raw' } as const;
  return { secret, key, aliasKey: `web/${key}`, ref, refKey, rotate: 'auto' };
}

/** What the planner decides about one service. */
export function decide({ service, state = 'paused', entry, desired = value('r2'), actual, serviceState }: Told = {}) {
  const holding = actual ?? [{ task: task('old', 4), value: value('r1') }];
  const binding = bindingOf('s1');
  return planRollout({
    nowMs: 9_000,
    service: {
      id: 'web',
      name: 'web',
      version: 7,
      generation: 5,
      fingerprint: 'spec 1',
      kind: 'service',
      desiredTasks: holding.length,
      secretIds: ['s1'],
      formerSecretIds: [],
      rollout: { state, message: 'update paused', startedAtMs: 0, resumable: false },
      tasks: holding.map((entry) => entry.task),
      ...service,
    },
    entry: { ...NOTHING_OPEN, rollout, ...entry },
    bindings: [{ binding, desired: desired ?? undefined, seenAtMs: 0, actual: holding }],
    unread: [],
    undeliverable: [],
    startTimes: AT_ONCE,
    policy: { maxParallel: 5, maxParallelLimit: 5, stuckAfterMs: 600_000, onFailure: 'rollback' },
    isLockedDown: false,
    noticed: () => undefined,
    openForMs: 0,
    seenApplied: true,
    seenRolledBack: false,
    continuouslyObserved: true,
    startedByThisProcess: false,
    overtaken: false,
    pauseMs: 0,
    unchangedForMs: 60_000,
    stableForMs: 60_000,
    rejection: undefined,
    failures: [bad],
    given: () => [],
    lastGood: () => 'available',
    hasCapacity: () => true,
    failedIn: () => undefined,
    ...serviceState,
  });
}

/** The types of the events of a decision. */
export const typesOf = ({ events }: ReturnType<typeof decide>) => events.map(({ type }) => type);
/** The quarantine of `r2`, whose last good value is `r1`. */
export const aside = [
  {
    failed: { s1: value('r2') },
    lastGood: { s1: value('r1') },
    sinceMs: 9_000,
    reason: 'exit code 1 after 2 s',
    isByUser: false,
  },
];
