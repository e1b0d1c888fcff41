import type { ProductEvent } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import type { ListedManager, ManagerDirectory, PluginAnnouncement } from '../ports/manager-directory.ts';
import { AccessDenied, type WriteOutcome } from '../ports/orchestrator.ts';
import { ManagerWatch } from './manager-watch.ts';

const { signal } = new AbortController();
const ADVICE = { start: () => 'start it', demote: () => 'demote it', allowAnnouncement: 'allow it' };
const START_MS = Date.UTC(2026, 2, 1);

/** The managers of a Swarm, with `m1` as the own one. */
class Swarm implements Omit<ManagerDirectory, 'advice'> {
  nowMs = START_MS;
  readonly announcements = new Map<string, PluginAnnouncement>();
  readonly names: string[];
  writes = 0;
  outcome: WriteOutcome | Error = 'applied';
  kind: Pick<PluginAnnouncement, 'kind' | 'serviceId'> = { kind: 'process', serviceId: null };
  serves = true;
  isConfirmed: boolean | null = null;
  leader = 'm1';
  /** How far the clock of the watches is ahead of the leader's. */
  clockAheadMs = 0;
  /** When each announcement was written, by the leader's clock. */
  readonly changedAtMs = new Map<string, number>();
  readonly warnings: string[] = [];
  readonly failures: string[] = [];

  constructor(...names: string[]) {
    this.names = names;
  }

  async list(_options: unknown, self = 'm1'): Promise<readonly ListedManager[]> {
    return this.names.map((name) => ({
      ...{ id: name, name, isLeader: name === this.leader, isUp: true, isSelf: name === self },
      changedAtMs: this.changedAtMs.get(name) ?? null,
      ...{ announcement: this.announcements.get(name) ?? null, isConfirmed: this.isConfirmed },
    }));
  }

  async ownKind() {
    return this.kind;
  }

  async announce(id: string, announcement: PluginAnnouncement): Promise<WriteOutcome> {
    this.writes += 1;
    if (this.outcome instanceof Error) throw this.outcome;
    if (this.outcome === 'applied') {
      this.announcements.set(id, announcement);
      this.changedAtMs.set(id, this.nowMs);
    }
    return this.outcome;
  }

  watch(version = '1.0.0', self = 'm1'): ManagerWatch {
    return new ManagerWatch({
      managers: {
        advice: ADVICE,
        list: (options) => this.list(options, self),
        ownKind: () => this.ownKind(),
        announce: (id, announcement) => this.announce(id, announcement),
      },
      clock: {
        now: () => this.nowMs + this.clockAheadMs,
        monotonic: () => this.nowMs + this.nowMs / 7e6,
        after: () => () => {},
      },
      events: {
        emit: (event: ProductEvent) => {
          if (event.type === 'plugin.warning') this.warnings.push(event.message);
          if (event.type === 'orchestrator.failed') this.failures.push(`${event.operation}: ${event.message}`);
        },
      },
      version,
      ledgerKeys: ['key-id'],
      isServing: () => this.serves,
    });
  }

  async rounds(watch: ManagerWatch, ms: number): Promise<void> {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; this.nowMs += 10_000) await watch.round(signal);
    await watch.round(signal);
  }
}

test('a plugin that is started by its engine or a service announces itself once', async () => {
  const swarm = new Swarm('m1');
  swarm.kind = { kind: 'service', serviceId: 'svc' };
  const watch = swarm.watch();
  await swarm.rounds(watch, 86_400_000);
  expect(swarm.writes).toBe(1);
  expect(swarm.announcements.get('m1')).toMatchObject({ version: '1.0.0', state: 'running', serviceId: 'svc' });
});

test('another process renews its announcement every hour, since nobody else can say that it runs', async () => {
  const swarm = new Swarm('m1');
  await swarm.rounds(swarm.watch(), 86_400_000);
  expect(swarm.writes).toBe(24);
});

test('a new version announces itself, and the end of the earlier process does not undo that', async () => {
  const swarm = new Swarm('m1');
  const before = swarm.watch();
  await swarm.rounds(before, 0);
  swarm.nowMs += 60_000;
  const after = swarm.watch('1.1.0');
  await swarm.rounds(after, 0);
  await before.leave(signal);
  expect(swarm.announcements.get('m1')).toMatchObject({ version: '1.1.0', state: 'running' });
  await after.leave(signal);
  expect(swarm.announcements.get('m1')).toMatchObject({ version: '1.1.0', state: 'stopped' });
});

test('of two processes that both serve, the later one announces itself, and neither writes again and again', async () => {
  const swarm = new Swarm('m1');
  swarm.kind = { kind: 'managed', serviceId: null };
  const first = swarm.watch('1.0.0');
  swarm.nowMs += 1_000;
  const second = swarm.watch('1.1.0');
  await swarm.rounds(first, 0);
  await swarm.rounds(second, 0);
  await swarm.rounds(first, 3_600_000);
  await swarm.rounds(second, 3_600_000);
  expect(swarm.writes).toBe(2);
  expect(swarm.announcements.get('m1')?.version).toBe('1.1.0');
});

test('if the later one was killed, the earlier one announces itself', async () => {
  const swarm = new Swarm('m1');
  swarm.kind = { kind: 'service', serviceId: 'svc' };
  const first = swarm.watch('1.0.0');
  swarm.nowMs += 1_000;
  await swarm.rounds(swarm.watch('1.1.0'), 0);
  swarm.isConfirmed = true;
  await swarm.rounds(first, 60_000);
  expect(swarm.announcements.get('m1')?.version).toBe('1.1.0');
  swarm.isConfirmed = false;
  await swarm.rounds(first, 0);
  expect(swarm.announcements.get('m1')?.version).toBe('1.0.0');
});

test('a failure that repeats itself is reported once', async () => {
  const swarm = new Swarm('m1');
  const watch = swarm.watch();
  swarm.outcome = new Error('rpc error');
  await swarm.rounds(watch, 300_000);
  expect(swarm.writes).toBeGreaterThan(2);
  expect(swarm.failures).toEqual(['watch the managers: rpc error']);
});

test('an announcement that fails delays no warning of another manager', async () => {
  const swarm = new Swarm('m1', 'm2');
  swarm.outcome = new Error('the engine answered 500');
  await swarm.rounds(swarm.watch(), 60_000);
  expect(swarm.warnings).toHaveLength(1);
});

test('a process that does not serve the engine announces nothing', async () => {
  const swarm = new Swarm('m1');
  swarm.serves = false;
  const watch = swarm.watch();
  await swarm.rounds(watch, 60_000);
  await watch.leave(signal);
  expect(swarm.writes).toBe(0);
});

test('after a conflict the next round announces it; after a removal it takes up to a minute', async () => {
  const swarm = new Swarm('m1');
  swarm.outcome = 'conflict';
  const watch = swarm.watch();
  await swarm.rounds(watch, 0);
  swarm.outcome = 'applied';
  swarm.nowMs += 10_000;
  await swarm.rounds(watch, 0);
  expect(swarm.announcements.has('m1')).toBe(true);
  const { writes } = swarm;
  for (let minute = 0; minute < 5; minute++) {
    swarm.announcements.clear();
    await swarm.rounds(watch, 50_000);
    swarm.nowMs += 10_000;
  }
  expect(swarm.writes - writes).toBeLessThanOrEqual(5);
  expect(swarm.announcements.has('m1')).toBe(true);
});

test('a refusal is a problem with what to allow, tried once a minute, and ends when it is allowed', async () => {
  const swarm = new Swarm('m1');
  swarm.outcome = new AccessDenied('403');
  const watch = swarm.watch();
  await swarm.rounds(watch, 50_000);
  expect(swarm.writes).toBe(1);
  expect(watch.problems()).toMatchObject([{ code: 'ANNOUNCEMENT_REFUSED', severity: 'info' }]);
  expect(watch.statuses()).toMatchObject([{ name: 'm1', state: 'running' }]);
  swarm.outcome = 'applied';
  await swarm.rounds(watch, 60_000);
  expect(watch.problems()).toEqual([]);
});

test('a manager without a plugin is a problem and one warning after 10 s, and no longer when it has one', async () => {
  const swarm = new Swarm('m1', 'm2');
  const watch = swarm.watch();
  await swarm.rounds(watch, 0);
  expect(watch.problems()).toEqual([]);
  await swarm.rounds(watch, 30_000);
  expect(watch.problems()).toMatchObject([{ code: 'MANAGER_WITHOUT_PLUGIN' }]);
  expect(swarm.warnings).toEqual(['the manager m2 has no plugin. start it']);
  const own = swarm.announcements.get('m1');
  if (own !== undefined) swarm.announcements.set('m2', own);
  await swarm.rounds(watch, 0);
  expect(watch.problems()).toEqual([]);
});

test.each([
  ['ahead of', 600_000],
  ['behind', -600_000],
])(
  'a clock that is %s that of the leader is a problem until it is right, with a write every 10 minutes',
  async (words, aheadMs) => {
    const swarm = new Swarm('m1', 'm2');
    swarm.kind = { kind: 'managed', serviceId: null };
    await swarm.rounds(swarm.watch(), 0);
    swarm.clockAheadMs = aheadMs;
    const watch = swarm.watch('1.0.0', 'm2');
    await swarm.rounds(watch, 120_000);
    expect(watch.problems()).toMatchObject([
      { code: 'CLOCKS_DIFFER', detail: expect.stringContaining(`10 min ${words}`) },
    ]);
    expect(swarm.announcements.get('m2')?.clockAheadMs).toSatisfy(Number.isInteger);
    const { writes } = swarm;
    await swarm.rounds(watch, 3_600_000);
    expect(swarm.writes - writes).toBe(6);
    swarm.clockAheadMs = 0;
    await swarm.rounds(watch, 150_000);
    expect(watch.problems()).toEqual([]);
  },
);

test.each([
  ['ahead', 3 * 3_600_000],
  ['behind', -3 * 3_600_000],
])('a clock that is hours %s makes no plugin unresponsive', async (_, aheadMs) => {
  const swarm = new Swarm('m1', 'm2');
  const [right, wrong] = [swarm.watch(), swarm.watch('1.0.0', 'm2')];
  await swarm.rounds(right, 0);
  swarm.clockAheadMs = aheadMs;
  await swarm.rounds(wrong, 120_000);
  expect(wrong.statuses()).toMatchObject([{ state: 'announced' }, { state: 'running' }]);
  swarm.clockAheadMs = 0;
  await swarm.rounds(right, 0);
  expect(right.statuses()).toMatchObject([{ state: 'running' }, { state: 'announced' }]);
  expect(right.problems()).toMatchObject([{ code: 'CLOCKS_DIFFER' }]);
});

test('a clock that is set while the plugin runs is compared again, and a leader has nothing to compare it with', async () => {
  const swarm = new Swarm('m1', 'm2');
  swarm.kind = { kind: 'managed', serviceId: null };
  const [leader, standby] = [swarm.watch(), swarm.watch('1.0.0', 'm2')];
  await swarm.rounds(leader, 0);
  await swarm.rounds(standby, 60_000);
  swarm.clockAheadMs = 600_000;
  await swarm.rounds(standby, 120_000);
  expect(standby.problems()).toMatchObject([
    { code: 'CLOCKS_DIFFER', detail: expect.stringContaining('m2 is 10 min') },
  ]);
  const { writes } = swarm;
  await swarm.rounds(leader, 3_600_000);
  expect(swarm.writes).toBe(writes);
  // It leads now, and its clock is set right.
  swarm.leader = 'm2';
  swarm.clockAheadMs = 0;
  await swarm.rounds(standby, 120_000);
  expect(standby.problems()).toEqual([]);
});

test('a clock that differs by about the limit is not announced again and again', async () => {
  const swarm = new Swarm('m1', 'm2');
  swarm.kind = { kind: 'managed', serviceId: null };
  await swarm.rounds(swarm.watch(), 0);
  const watch = swarm.watch('1.0.0', 'm2');
  // A slower write makes the difference look smaller.
  for (let round = 0; round < 360; round += 1) {
    swarm.clockAheadMs = swarm.writes % 2 === 0 ? 29_900 : 30_100;
    await swarm.rounds(watch, 10_000);
  }
  expect(watch.problems()).toMatchObject([{ code: 'CLOCKS_DIFFER' }]);
  expect(swarm.writes).toBeLessThan(10);
});

test('a slow engine and a later change of the node are no wrong clock', async () => {
  const swarm = new Swarm('m1', 'm2');
  const watch = swarm.watch('1.0.0', 'm2');
  await swarm.rounds(swarm.watch(), 0);
  await watch.round(signal);
  swarm.nowMs += 300_000;
  swarm.changedAtMs.set('m2', swarm.nowMs);
  await swarm.rounds(watch, 60_000);
  expect(watch.problems()).toEqual([]);
});

test('fifty managers that start at the same time write fifty labels, and none in the hour after', async () => {
  const names = Array.from({ length: 50 }, (_, index) => `m${index + 1}`);
  const swarm = new Swarm(...names);
  swarm.kind = { kind: 'managed', serviceId: null };
  const watches = names.map((name) => swarm.watch('1.0.0', name));
  for (let round = 0; round < 360; round++, swarm.nowMs += 10_000) {
    await Promise.all(watches.map((watch) => watch.round(signal)));
  }
  expect(swarm.writes).toBe(50);
  expect(watches.flatMap((watch) => watch.problems())).toEqual([]);
});
