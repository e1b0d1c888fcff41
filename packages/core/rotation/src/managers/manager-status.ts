import { displayText } from '@vault-swarm/kernel';
import { type Problem, problem } from '@vault-swarm/provider';
import type { ListedManager, ManagerAdvice } from '../ports/manager-directory.ts';
import { pluginDifferences } from './plugin-differences.ts';

/**
 * `running`: the orchestrator confirms it. `announced`: it says so itself, and the orchestrator does not know.
 * `stopped`: it ended. `unresponsive`: it has not renewed its announcement. `missing`: no plugin announced itself.
 * `unreachable`: the engine of this manager does not answer, so nothing is known.
 */
export const managerStates = ['running', 'announced', 'stopped', 'unresponsive', 'missing', 'unreachable'] as const;

/** See {@link managerStates}. */
export type ManagerState = (typeof managerStates)[number];

/** A manager, and the state of its plugin. */
export interface ManagerStatus extends ListedManager {
  readonly state: ManagerState;
}

/** A plugin whose process the orchestrator does not know renews its announcement after this time. */
export const ANNOUNCEMENT_RENEWED_AFTER_MS = 3_600_000;
/** An announcement that is older than this, and that the orchestrator does not confirm, counts no longer. */
const ANNOUNCEMENT_VALID_MS = 2.5 * ANNOUNCEMENT_RENEWED_AFTER_MS;
/** An engine tells the other managers of a managed plugin up to 20 s after it was enabled. */
const UNCONFIRMED_MS = 60_000;

/** The state of the plugin on a manager. @param nowMs since 1970, by the leader's clock. */
export function managerState(manager: ListedManager, nowMs: number): ManagerState {
  const { isSelf, isUp, isConfirmed, announcement } = manager;
  if (isSelf) return 'running';
  if (!isUp) return 'unreachable';
  if (isConfirmed === true) return 'running';
  if (announcement === null) return 'missing';
  if (announcement.state === 'stopped') return 'stopped';
  const ageMs = nowMs - (announcement.writtenAtMs - announcement.clockAheadMs);
  if (isConfirmed === false && !(announcement.kind === 'managed' && ageMs < UNCONFIRMED_MS)) return 'stopped';
  return ageMs > ANNOUNCEMENT_VALID_MS ? 'unresponsive' : 'announced';
}

/** Whether the engine of this manager answers, and no plugin is known to run there. */
export function isWithoutPlugin({ state }: Pick<ManagerStatus, 'state'>): boolean {
  return state === 'missing' || state === 'stopped' || state === 'unresponsive';
}

/** What the problems of the managers follow from. */
export interface ManagerFacts {
  /** Those that have been in their state for long enough to be reported. */
  readonly managers: readonly ManagerStatus[];
  readonly advice: ManagerAdvice;
  /** Why this plugin could not announce itself; `null` if it could. */
  readonly refusal: string | null;
}

/** The problems of the managers, and of their plugins compared with each other. */
export function managerProblems({ managers, advice, refusal }: ManagerFacts): readonly Problem[] {
  const without = managers.filter(isWithoutPlugin);
  const [leaders, others] = [without.filter(({ isLeader }) => isLeader), without.filter(({ isLeader }) => !isLeader)];
  const [first] = others;
  const running = managers.filter(({ state }) => state === 'running' || state === 'announced');
  return [
    ...leaders.map((leader) =>
      problem('LEADER_WITHOUT_PLUGIN', `${displayText(leader.name)} ${describeManager(leader)}`, {
        subject: leader.id,
        action: `${advice.start(leader)}. Or let another manager lead: ${advice.demote(leader)}`,
      }),
    ),
    ...(first === undefined
      ? []
      : [
          problem(
            'MANAGER_WITHOUT_PLUGIN',
            others.map((each) => `${displayText(each.name)} ${describeManager(each)}`).join('; '),
            {
              subject: others.map(({ id }) => id).join(' '),
              action: advice.start(first),
            },
          ),
        ]),
    ...pluginDifferences(running),
    ...(refusal === null ? [] : [problem('ANNOUNCEMENT_REFUSED', refusal, { action: advice.allowAnnouncement })]),
  ];
}

/** Continues the name of a manager: `has no plugin`. */
export function describeManager({ state, announcement }: Pick<ManagerStatus, 'state' | 'announcement'>): string {
  const version = announcement === null ? '' : ` ${displayText(announcement.version)}`;
  switch (state) {
    case 'running':
      return `runs the plugin${version}`;
    case 'announced':
      return `announced the plugin${version}`;
    case 'stopped':
      return `has a plugin${version} that stopped`;
    case 'unresponsive':
      return `has a plugin${version} that no longer renews its announcement`;
    case 'missing':
      return 'has no plugin';
    case 'unreachable':
      return 'does not answer the other managers';
  }
}
