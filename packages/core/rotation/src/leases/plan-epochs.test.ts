import { describe, expect, it } from 'vitest';
import { NOTHING_OPEN } from '../ledger/ledger.ts';
import { tagRevision } from '../ledger/secret-version.ts';
import type { Workload, WorkloadTask } from '../ports/orchestrator.ts';
import type { LeaseSet } from './lease-document.ts';
import { desiredEpoch, type EpochInput, epochOf, epochOfGeneration, revisionOfEpoch, rollAtMs } from './plan-epochs.ts';

const HOUR_MS = 3_600_000;
const task = (generation: number): WorkloadTask => ({
  ...{ id: `t${generation}`, generation, createdAtMs: 0, state: 'running', reason: '' },
});
const service = (...generations: number[]): Workload => ({
  ...{ id: 'web', name: 'web', version: 1, generation: 1, fingerprint: 'f', kind: 'service', desiredTasks: 1 },
  ...{ secretIds: ['s'], formerSecretIds: [] },
  rollout: { state: 'none', message: '', startedAtMs: null, resumable: false },
  tasks: generations.map(task),
});
const set: LeaseSet = {
  ...{ id: 'a', serviceId: 'web', generation: 1, provider: 'vault', leaseKey: 'key', epoch: 1, issuedAtMs: 0 },
  ...{ leaseId: 'lease', renewalMs: 0, endMs: HOUR_MS, holder: null, knownUntilMs: 0 },
};
const at = (nowMs: number, more: Partial<EpochInput> = {}) =>
  desiredEpoch({
    ...{ nowMs, service: service(1), entry: NOTHING_OPEN, key: 'k', recorded: 1, sets: [set], rolloutMs: 0 },
    isLost: () => false,
    ...more,
  }).epoch;
const version = (epoch: number) => ({ revision: tagRevision('ref', revisionOfEpoch(epoch)), digest: null });
const failed = (sinceMs: number) => ({
  ...NOTHING_OPEN,
  quarantines: [{ failed: { k: version(2) }, lastGood: { k: version(1) }, sinceMs, reason: '', isByUser: false }],
});

describe('the epoch of a service', () => {
  it('grows once at 2/3 ± 5 % of the life of a set that tasks use', () => {
    expect(at(HOUR_MS * 0.61)).toBe(1);
    expect(at(HOUR_MS * 0.72)).toBe(2);
    expect(at(HOUR_MS * 0.72, { recorded: 2 })).toBe(2);
    expect(at(HOUR_MS * 0.99, { recorded: 2 })).toBe(2);
  });

  it('does not grow for a set that no task uses, or whose end is not known', () => {
    expect(at(HOUR_MS * 2, { service: service(2) })).toBe(1);
    expect(at(HOUR_MS * 2, { sets: [{ ...set, endMs: null }] })).toBe(1);
  });

  it('grows earlier if rollouts take long, but not before a third of the life', () => {
    expect(at(HOUR_MS * 0.5, { rolloutMs: HOUR_MS / 4 })).toBe(2);
    expect(at(HOUR_MS * 0.3, { rolloutMs: HOUR_MS })).toBe(1);
    expect(at(HOUR_MS * 0.34, { rolloutMs: HOUR_MS })).toBe(2);
  });

  it('grows if further tasks can not be given the values of the generation', () => {
    expect(at(0, { isLost: () => true })).toBe(2);
    expect(at(0, { isLost: () => true, recorded: 2 })).toBe(2);
  });

  it('does not grow for tasks of an earlier generation that are being replaced', () => {
    const next = { ...set, id: 'b', generation: 2, issuedAtMs: HOUR_MS * 0.6, endMs: HOUR_MS * 1.6 };
    const rolled = { ...service(1, 2), generation: 2 };
    expect(at(HOUR_MS * 0.72, { service: rolled, sets: [set, next] })).toBe(1);
    expect(at(HOUR_MS * 0.72, { service: { ...rolled, generation: 1 }, sets: [set, next] })).toBe(2);
  });

  it('grows if the clock of the process that issued a set was ahead, so that its end is not known', () => {
    const ahead = { ...set, issuedAtMs: HOUR_MS, endMs: HOUR_MS * 2 };
    expect(at(HOUR_MS * 0.5, { sets: [ahead] })).toBe(2);
    expect(at(HOUR_MS * 0.99, { sets: [ahead] })).toBe(1);
  });

  it('grows again after tasks failed with the next one, once half of the rest has passed', () => {
    const input = { recorded: 2, entry: failed(HOUR_MS * 0.7) };
    expect(at(HOUR_MS * 0.75, input)).toBe(2);
    expect(at(HOUR_MS * 0.87, input)).toBe(3);
  });

  it('of a set that has ended grows at once, and after a failure no sooner than in a minute', () => {
    const sets = [{ ...set, endMs: 1_000 }];
    expect(at(1_000, { sets })).toBe(2);
    expect(at(61_000, { sets, recorded: 2, entry: failed(2_000) })).toBe(2);
    expect(at(62_000, { sets, recorded: 2, entry: failed(2_000) })).toBe(3);
  });

  it('grows again at once if the clock was ahead of the process that saw the failure', () => {
    const ahead = { ...set, issuedAtMs: HOUR_MS * 2, endMs: HOUR_MS * 3 };
    const entry = failed(HOUR_MS * 2);
    expect(at(HOUR_MS, { sets: [ahead], recorded: 2, entry })).toBe(3);
    expect(at(HOUR_MS * 0.5, { recorded: 2, entry })).toBe(2);
    expect(at(HOUR_MS * 0.87, { recorded: 2, entry })).toBe(3);
  });

  it('is that of the rollout for its tasks, and the last good one while the next is quarantined', () => {
    const rollout = {
      ...({ direction: 'forward', state: 'open' } as const),
      ...{ generation: 3, startedAtMs: 0, changedAtMs: 0, attempt: 1 },
      ...{ failure: '', fingerprint: 'f', target: { k: version(2) }, lastGood: { k: version(1) } },
    };
    expect(epochOfGeneration({ ...NOTHING_OPEN, rollout }, 'k', 3, 1)).toBe(2);
    expect(epochOfGeneration(failed(0), 'k', 4, 2)).toBe(1);
    expect(epochOfGeneration(NOTHING_OPEN, 'k', 4, 2)).toBe(2);
  });
});

it('tells when the epoch of a service grows', () => {
  const input = { service: service(1), entry: NOTHING_OPEN, key: 'k', recorded: 1, rolloutMs: 0, isLost: () => false };
  const { growsAtMs } = desiredEpoch({ ...input, nowMs: 0, sets: [set] });
  expect(growsAtMs).toBe(rollAtMs(set, 0, 0));
  expect(desiredEpoch({ ...input, nowMs: growsAtMs - 1, sets: [set] }).epoch).toBe(1);
  expect(desiredEpoch({ ...input, nowMs: growsAtMs, sets: [set] }).epoch).toBe(2);
});

it('managers agree on when a set is replaced, and sets differ', () => {
  const times = ['a', 'b', 'c', 'd', 'e'].map((id) => rollAtMs({ ...set, id }, 0, 0) / HOUR_MS);
  for (const time of times) expect(Math.abs(time - 2 / 3)).toBeLessThanOrEqual(0.05);
  expect(new Set(times).size).toBe(5);
});

it('a revision that is no epoch has none', () => {
  expect(epochOf(undefined)).toBe(0);
  expect(epochOf({ revision: 'tag:3@2026' })).toBe(0);
  expect(epochOf(version(12))).toBe(12);
});
