import { describe, expect, it } from 'vitest';
import type { ListedManager, ManagerAdvice, PluginAnnouncement } from '../ports/manager-directory.ts';
import { type ManagerStatus, managerProblems, managerState } from './manager-status.ts';

const NOW_MS = Date.UTC(2026, 2, 1);
const ADVICE: ManagerAdvice = {
  start: ({ name, announcement }) => `start ${name} as ${announcement?.kind ?? 'new'}`,
  demote: ({ name }) => `demote ${name}`,
  allowAnnouncement: 'allow it',
};
const HOUR_MS = 3_600_000;

const announced = (changes: Partial<PluginAnnouncement> = {}): PluginAnnouncement => ({
  version: '1.0.0',
  state: 'running',
  kind: 'process',
  serviceId: null,
  startedAtMs: NOW_MS - HOUR_MS,
  writtenAtMs: NOW_MS - HOUR_MS,
  ledgerKeys: null,
  clockAheadMs: 0,
  ...changes,
});

const manager = (changes: Partial<ListedManager> = {}): ListedManager => ({
  id: 'id-m2',
  name: 'm2',
  isLeader: false,
  isUp: true,
  isSelf: false,
  changedAtMs: null,
  announcement: announced(),
  isConfirmed: null,
  ...changes,
});

const status = (changes: Partial<ManagerStatus> = {}): ManagerStatus => {
  const listed = manager(changes);
  return { ...listed, state: managerState(listed, NOW_MS), ...changes };
};

const problemsOf = (managers: readonly ManagerStatus[], refusal: string | null = null) =>
  managerProblems({ managers, advice: ADVICE, refusal });

describe('the state of the plugin on a manager', () => {
  it.each<[string, Partial<ListedManager>, string]>([
    ['runs if it is this one, whatever it could announce', { isSelf: true, announcement: null }, 'running'],
    [
      'runs if the orchestrator says so, also without an announcement',
      { isConfirmed: true, announcement: null },
      'running',
    ],
    ['is announced if only it says so', {}, 'announced'],
    ['is missing if none announced itself', { announcement: null }, 'missing'],
    ['stopped if it said so', { announcement: announced({ state: 'stopped' }) }, 'stopped'],
    ['stopped if the orchestrator no longer runs it', { isConfirmed: false }, 'stopped'],
    [
      'is announced as long as the orchestrator may not know a managed plugin yet',
      { isConfirmed: false, announcement: announced({ kind: 'managed', writtenAtMs: NOW_MS - 30_000 }) },
      'announced',
    ],
    [
      'stopped if the orchestrator does not know a managed plugin for longer',
      { isConfirmed: false, announcement: announced({ kind: 'managed', writtenAtMs: NOW_MS - 61_000 }) },
      'stopped',
    ],
    [
      'runs if the orchestrator started it again after its stop',
      { isConfirmed: true, announcement: announced({ state: 'stopped' }) },
      'running',
    ],
    [
      'is unresponsive if it does not renew its announcement',
      { announcement: announced({ writtenAtMs: NOW_MS - 3 * HOUR_MS }) },
      'unresponsive',
    ],
    [
      'is not unresponsive if the orchestrator confirms an old announcement',
      { isConfirmed: true, announcement: announced({ writtenAtMs: NOW_MS - 3 * HOUR_MS }) },
      'running',
    ],
    [
      'is not known if the engine does not answer the other managers',
      { isUp: false, announcement: null },
      'unreachable',
    ],
  ])('it %s', (_, changes, state) => {
    expect(managerState(manager(changes), NOW_MS)).toBe(state);
  });
});

describe('the problems of the managers', () => {
  it('has none if a plugin of one version runs on each manager that answers', () => {
    expect(problemsOf([status({ isSelf: true }), status(), status({ isUp: false, announcement: null })])).toEqual([]);
  });

  it('names a leader without a plugin as an outage, and the others in one problem', () => {
    const problems = problemsOf([
      status({ id: 'a', name: 'm1', isLeader: true, announcement: null }),
      status({ id: 'b', name: 'm2', announcement: null }),
      status({ id: 'c', name: 'm3', announcement: announced({ state: 'stopped', kind: 'managed' }) }),
    ]);
    expect(problems.map(({ code, severity }) => [code, severity])).toEqual([
      ['LEADER_WITHOUT_PLUGIN', 'critical'],
      ['MANAGER_WITHOUT_PLUGIN', 'warning'],
    ]);
    expect(problems[0]?.detail).toContain('m1 has no plugin');
    expect(problems[0]?.action).toBe('start m1 as new. Or let another manager lead: demote m1');
    expect(problems[1]?.detail).toContain('m2 has no plugin; m3 has a plugin 1.0.0 that stopped');
  });

  it('shows versions that differ, and an announcement that was refused, as notes', () => {
    const problems = problemsOf(
      [status(), status({ announcement: announced({ version: '1.1.0' }) })],
      'a proxy refuses it',
    );
    expect(problems.map(({ code, severity }) => [code, severity])).toEqual([
      ['PLUGIN_VERSIONS_DIFFER', 'info'],
      ['ANNOUNCEMENT_REFUSED', 'info'],
    ]);
  });

  const withKeys = (name: string, ledgerKeys: readonly string[] | null, isLeader = false) =>
    status({ id: name, name, isLeader, announcement: announced({ ledgerKeys }) });

  it.each<[string, ManagerStatus[], string, string]>([
    [
      'another key than most',
      [withKeys('m1', ['A']), withKeys('m2', ['B']), withKeys('m3', ['A'])],
      'A on m1, m3, B on m2',
      'Give m2 the LEDGER_KEY of m1, m3',
    ],
    [
      'another key than the leader, if as many have it',
      [withKeys('m1', ['A']), withKeys('m2', ['B'], true)],
      'B on m2, A on m1',
      'Give m1 the LEDGER_KEY of m2',
    ],
    [
      'no key, also if most have none',
      [withKeys('m1', [], true), withKeys('m2', ['B']), withKeys('m3', [])],
      'B on m2, none on m1, m3',
      'Give m1, m3 the LEDGER_KEY of m2',
    ],
  ])('names the managers with %s', (_, managers, detail, action) => {
    const [problem, ...more] = problemsOf(managers);
    expect(problem).toMatchObject({ code: 'LEDGER_KEYS_DIFFER', severity: 'warning' });
    expect(problem?.detail).toBe(`The managers have different ledger keys: ${detail}`);
    expect(problem?.action).toBe(`${action}: see docs/guides/ledger-key.md`);
    expect(more).toEqual([]);
  });

  it.each<[string, ManagerStatus[]]>([
    ['all have the same', [withKeys('m1', ['A']), withKeys('m2', ['A'])]],
    ['none has one', [withKeys('m1', []), withKeys('m2', [])]],
    ['one is of a version that does not say its key', [withKeys('m1', ['A']), withKeys('m2', null)]],
    ['the key is being replaced', [withKeys('m1', ['A']), withKeys('m2', ['B', 'A']), withKeys('m3', ['B', 'A'])]],
    ['the previous one was removed on one', [withKeys('m1', ['B', 'A']), withKeys('m2', ['B'])]],
    [
      'the plugin with another one stopped',
      [withKeys('m1', ['A']), status({ isUp: false, announcement: announced({ ledgerKeys: ['B'] }) })],
    ],
  ])('has none for the keys if %s', (_, managers) => {
    expect(problemsOf(managers)).toEqual([]);
  });

  it('names the managers whose clocks differ from that of the leader', () => {
    const clock = (name: string, clockAheadMs: number) => status({ name, announcement: announced({ clockAheadMs }) });
    expect(problemsOf([clock('m1', 0), clock('m2', 600_000), clock('m3', -45_000)])).toMatchObject([
      {
        code: 'CLOCKS_DIFFER',
        detail:
          'The clocks of the managers differ: m2 is 10 min ahead of the manager that led, m3 is 45 s behind the manager that led',
      },
    ]);
  });

  it('does not compare with the version of a plugin that stopped', () => {
    const [problem, ...more] = problemsOf([
      status(),
      status({ announcement: announced({ version: '0.9.0', state: 'stopped' }) }),
    ]);
    expect(problem?.code).toBe('MANAGER_WITHOUT_PLUGIN');
    expect(more).toEqual([]);
  });
});
