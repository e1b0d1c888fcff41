import type { Overview, ProblemEntry } from '@vault-swarm/http/api';
import { counted, formatAge } from '../format.ts';

/** The overall state, worst first. */
export type HealthLevel = 'bad' | 'warn' | 'busy' | 'good' | 'idle';

/** Problems of one kind. */
export interface ProblemGroup {
  readonly code: ProblemEntry['code'];
  /** The problem without names. */
  readonly summary: string;
  /** What it concerns, and how, one sentence each; empty if the summary says it all. */
  readonly details: readonly string[];
  /** What the operator can do; `null` if the problem says it itself. */
  readonly advice: string | null;
}

/** The content of the health panel. */
export interface Health {
  readonly level: HealthLevel;
  readonly title: string;
  readonly explanation: string;
  readonly problems: readonly ProblemGroup[];
}

// The message of a problem that is not listed says what to do.
const ADVICE: Readonly<Partial<Record<ProblemEntry['code'], string>>> = {
  ORCHESTRATOR_UNAVAILABLE:
    'Secrets are still delivered, but nothing is rotated until Docker answers. Check the engine of this node: docker info, journalctl -u docker.',
  PROVIDER_UNAVAILABLE:
    'Tasks that start get the last good values while these are not too old (STALE_IF_ERROR, or STALE_IF_UNAUTHENTICATED if the login is rejected). Check that the provider runs and is unsealed, and that its address and the login are valid.',
  SECRET_UNDELIVERABLE:
    'Tasks that need it cannot start. Check its labels, and that the path and the field exist at the provider.',
  SECRET_ACCESS_DENIED:
    "Tasks that need it cannot start. Add the rule that the message names to the policy of the plugin's identity.",
  ROTATION_TOO_FREQUENT:
    'Its tasks get the newest values after each delay. Change its secrets less often, or let Swarm replace more of its tasks at the same time: parallelism and delay of its update_config.',
  ROTATION_BLOCKED:
    'Running tasks keep their values. Check the service: docker service ps --no-trunc NAME. When the cause is fixed, the rotation continues; or rotate it manually.',
};

/** Sums an overview up: what matters most gives the title, and every problem is listed. */
export function healthOf(overview: Overview, nowMs: number): Health {
  const isLocked = overview.lockdown.active;
  // The lockdown banner shows that one.
  const problems = groupsOf(overview.problems).filter(({ code }) => !isLocked || code !== 'LOCKDOWN_ACTIVE');
  const { counts, rotations, heartbeat_at: heartbeatAt } = overview;
  const rest = { problems, explanation: currentness(overview) };
  if (!overview.healthy) {
    const since =
      heartbeatAt === null
        ? 'There was no reconcile pass yet.'
        : `The last reconcile pass ended ${formatAge(nowMs - Date.parse(heartbeatAt))} ago.`;
    return { ...rest, level: 'bad', title: 'Rotation has stopped', explanation: `${since} ${STOPPED}` };
  }
  if (isLocked && problems.length === 0) return { ...rest, level: 'warn', title: 'Locked down' };
  if (counts.secrets === 0 && problems.length === 0) {
    return {
      ...rest,
      level: 'idle',
      title: 'Ready for the first secret',
      explanation: 'No secret uses this driver yet.',
    };
  }
  if (problems.length > 0) return { ...rest, level: 'warn', title: titleOf(problems) };
  if (rotations.in_progress > 0) {
    return { ...rest, level: 'busy', title: `Rolling out to ${counted(rotations.in_progress, 'service')}` };
  }
  return { ...rest, level: 'good', title: 'All is well' };
}

const STOPPED =
  'Secrets are still delivered; a change at a provider is not detected until reconcile passes complete again.';

function currentness({ counts, rotation_enabled: enabled }: Overview): string {
  if (!enabled) return 'Rotation is turned off (ENABLE_ROTATION): secrets are delivered, and no service is updated.';
  if (counts.tasks === 0) return `${counted(counts.secrets, 'secret')}, and no running task uses one.`;
  if (counts.outdated_tasks > 0) {
    return `${counted(counts.outdated_tasks, 'task')} of ${counts.tasks} still ${counts.outdated_tasks === 1 ? 'has' : 'have'} an old revision.`;
  }
  const tasks = counts.tasks === 1 ? 'The task' : `All ${counted(counts.tasks, 'task')}`;
  const verb = counts.tasks === 1 ? 'holds' : 'hold';
  return `${tasks} of ${counted(counts.services, 'service')} ${verb} the current revision of every secret.`;
}

function titleOf(problems: readonly ProblemGroup[]): string {
  const [first] = problems;
  if (problems.length === 1 && first !== undefined && first.details.length <= 1) return first.summary;
  const total = problems.reduce((sum, { details }) => sum + Math.max(1, details.length), 0);
  return `${counted(total, 'problem')}`;
}

/** The problems of each code. */
function groupsOf(problems: readonly ProblemEntry[]): readonly ProblemGroup[] {
  return [...Map.groupBy(problems, ({ code }) => code)].map(([code, entries]) => ({
    code,
    summary: entries[0]?.summary ?? code,
    details: entries.flatMap(detailOf),
    advice: ADVICE[code] ?? null,
  }));
}

/** A message is the summary, a colon, and what it concerns. */
function detailOf({ summary, message }: ProblemEntry): readonly string[] {
  return message.length > summary.length ? [message.slice(summary.length + 2)] : [];
}
