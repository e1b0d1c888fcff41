import { type Clock, errorMessage, withDeadline } from '@vault-swarm/kernel';
import type { Events, Problem } from '@vault-swarm/provider';
import type { ManagerDirectory, PluginAnnouncement } from '../ports/manager-directory.ts';
import { AccessDenied } from '../ports/orchestrator.ts';
import { LeaderClock } from './leader-clock.ts';
import {
  ANNOUNCEMENT_RENEWED_AFTER_MS,
  describeManager,
  isWithoutPlugin,
  type ManagerStatus,
  managerProblems,
  managerState,
} from './manager-status.ts';

/** A manager without a plugin is reported after this time: plugins are restarted, and start one after the other. */
const GRACE_MS = 10_000;
/** Between two writes of the announcement, also if another client removes it again and again. */
const WRITE_PAUSE_MS = 60_000;
/** A plugin that was started by a service may not see its own task at once. */
const MAX_KIND_LOOKUPS = 6;
/** How long the stop waits for the last announcement. */
const LEAVE_DEADLINE_MS = 2_000;

/** The dependencies of the watch. */
export interface ManagerWatchPorts {
  readonly managers: ManagerDirectory;
  readonly clock: Clock;
  readonly events: Events;
  readonly version: string;
  /** See {@link PluginAnnouncement.ledgerKeys}. */
  readonly ledgerKeys: readonly string[];
  /** Whether this process serves the engine. Of two plugins on a manager, only that one announces itself. */
  readonly isServing: () => boolean;
}

/**
 * Announces this plugin to those of the other managers, and watches theirs. The announcement is written at the start,
 * at the stop, and if it has changed; and once an hour if the orchestrator can't say whether the plugin runs.
 */
export class ManagerWatch {
  readonly #ports: ManagerWatchPorts;
  readonly #startedAtMs: number;
  readonly #leaderClock: LeaderClock;
  /** By id: since when it has had no plugin, in monotonic milliseconds. */
  #withoutSinceMs: ReadonlyMap<string, number> = new Map();
  #listed: readonly ManagerStatus[] = [];
  #kind: Pick<PluginAnnouncement, 'kind' | 'serviceId'> = { kind: 'process', serviceId: null };
  #kindLookups = 0;
  #nextWriteMs = Number.NEGATIVE_INFINITY;
  #refusal: string | null = null;
  /** Why the latest round failed; `null` if it did not. */
  #failure: string | null = null;
  #hasAnnounced = false;
  #reported: ReadonlySet<string> = new Set();

  constructor(ports: ManagerWatchPorts) {
    this.#ports = ports;
    this.#startedAtMs = ports.clock.now();
    this.#leaderClock = new LeaderClock(ports.clock);
  }

  /** All managers at the latest round, by name; empty on a worker, and before the first round. */
  statuses(): readonly ManagerStatus[] {
    return this.#listed;
  }

  /** The problems of managers that have lasted for a while. */
  problems(): readonly Problem[] {
    return managerProblems({
      managers: this.#listed.filter((manager) => !isWithoutPlugin(manager) || this.#isOverdue(manager)),
      advice: this.#ports.managers.advice,
      refusal: this.#refusal,
    });
  }

  /** Lists the managers once, and announces this plugin if that is due. Never rejects: a failure is reported once. */
  async round(signal: AbortSignal): Promise<void> {
    try {
      await this.#look(signal);
      // Also if the announcement fails.
      this.#report();
      await this.#announceIfDue(signal);
      const self = this.#listed.find(({ isSelf }) => isSelf);
      // A failed write is tried again only after a minute: until then nothing has succeeded.
      if (self === undefined || !this.#isDue(self)) this.#failure = null;
    } catch (error) {
      // The next round is soon. Until then the latest list is shown.
      const message = errorMessage(error);
      if (signal.aborted || message === this.#failure) return;
      this.#failure = message;
      this.#ports.events.emit({ type: 'orchestrator.failed', operation: 'watch the managers', message });
    }
  }

  /** Announces that this plugin stops, unless another one has announced itself in its place. Never rejects. */
  async leave(signal: AbortSignal): Promise<void> {
    if (!this.#hasAnnounced) return;
    const { managers, clock } = this.#ports;
    try {
      await withDeadline(clock, LEAVE_DEADLINE_MS, signal, async (within) => {
        const self = (await managers.list({ signal: within })).find(({ isSelf }) => isSelf);
        if (self?.announcement?.startedAtMs !== this.#startedAtMs) return;
        await managers.announce(self.id, this.#announcement('stopped'), { signal: within });
      });
    } catch {
      // What the others see then is an announcement that is not renewed.
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { managers, clock } = this.#ports;
    const listed = await managers.list({ signal });
    const [nowMs, monotonicMs] = [this.#leaderNowMs, clock.monotonic()];
    this.#listed = listed.map((manager) => ({ ...manager, state: managerState(manager, nowMs) }));
    this.#withoutSinceMs = new Map(
      this.#listed.filter(isWithoutPlugin).map(({ id }) => [id, this.#withoutSinceMs.get(id) ?? monotonicMs] as const),
    );
  }

  async #announceIfDue(signal: AbortSignal): Promise<void> {
    const { managers, clock, isServing } = this.#ports;
    const self = this.#listed.find(({ isSelf }) => isSelf);
    if (self === undefined || !isServing()) return;
    this.#leaderClock.compare(self);
    if (this.#kind.kind === 'process' && this.#kindLookups < MAX_KIND_LOOKUPS) {
      this.#kindLookups += 1;
      this.#kind = await managers.ownKind({ signal });
    }
    if (clock.monotonic() < this.#nextWriteMs || !this.#isDue(self)) return;
    this.#nextWriteMs = clock.monotonic() + WRITE_PAUSE_MS;
    try {
      const announcement = this.#announcement('running');
      this.#leaderClock.writes(announcement.writtenAtMs);
      const outcome = await managers.announce(self.id, announcement, { signal });
      this.#refusal = null;
      // Another client changed the node at the same time: the next round tries again.
      if (outcome !== 'applied') this.#nextWriteMs = Number.NEGATIVE_INFINITY;
      else this.#hasAnnounced = true;
    } catch (error) {
      if (!(error instanceof AccessDenied)) throw error;
      this.#refusal = errorMessage(error);
    }
  }

  #isDue(self: ManagerStatus): boolean {
    const { announcement: found } = self;
    if (found === null || found.state === 'stopped') return true;
    // A later process serves here too, under another kind of plugin: two must not overwrite each other for ever.
    // A start in the future is from before the clock was corrected. A process that was killed announced no stop.
    const nowMs = this.#ports.clock.now();
    const isLater = found.startedAtMs > this.#startedAtMs && found.startedAtMs <= nowMs;
    if (isLater && !isWithoutPlugin({ state: managerState({ ...self, isSelf: false }, this.#leaderNowMs) }))
      return false;
    if (found.startedAtMs !== this.#startedAtMs) return true;
    const { kind, serviceId } = this.#kind;
    if (found.kind !== kind || found.serviceId !== serviceId) return true;
    const { aheadMs } = this.#leaderClock;
    if (Math.sign(found.clockAheadMs) !== Math.sign(aheadMs) || this.#leaderClock.isDue(self)) return true;
    return kind === 'process' && nowMs - found.writtenAtMs > ANNOUNCEMENT_RENEWED_AFTER_MS;
  }

  /** The time by the leader's clock, since other managers' clocks are compared with that one. */
  get #leaderNowMs(): number {
    return this.#ports.clock.now() - this.#leaderClock.aheadMs;
  }

  #announcement(state: PluginAnnouncement['state']): PluginAnnouncement {
    const { clock, version, ledgerKeys } = this.#ports;
    const clockAheadMs = this.#leaderClock.aheadMs;
    const times = { startedAtMs: this.#startedAtMs, writtenAtMs: clock.now(), clockAheadMs };
    return { version, state, ...this.#kind, ...times, ledgerKeys };
  }

  #isOverdue({ id }: ManagerStatus): boolean {
    const sinceMs = this.#withoutSinceMs.get(id);
    return sinceMs !== undefined && this.#ports.clock.monotonic() - sinceMs >= GRACE_MS;
  }

  /** Reports each manager without a plugin once, until it has one. */
  #report(): void {
    const overdue = this.#listed.filter((manager) => isWithoutPlugin(manager) && this.#isOverdue(manager));
    for (const manager of overdue) {
      if (this.#reported.has(manager.id)) continue;
      const role = manager.isLeader ? ', which leads,' : '';
      const action = this.#ports.managers.advice.start(manager);
      const message = `the manager ${manager.name}${role} ${describeManager(manager)}. ${action}`;
      this.#ports.events.emit({ type: 'plugin.warning', message });
    }
    this.#reported = new Set(overdue.map(({ id }) => id));
  }
}
