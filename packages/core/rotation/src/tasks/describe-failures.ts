import { displayText } from '@vault-swarm/kernel';
import type { FailedTask } from '../ports/orchestrator.ts';

/**
 * Why tasks failed, in the words of the most frequent cause: `exit code 1 after 2 s, 3 times`. `null` if none failed.
 */
export function describeFailures(failures: readonly FailedTask[]): string | null {
  const groups = [...Map.groupBy(failures, ({ message }) => message)];
  const latest = (group: readonly FailedTask[]) => Math.max(...group.map(({ endedAtMs }) => endedAtMs));
  const [most] = groups.toSorted(([, a], [, b]) => b.length - a.length || latest(b) - latest(a));
  if (most === undefined) return null;
  const [message, group] = most;
  const ranMs = group.toSorted((a, b) => b.endedAtMs - a.endedAtMs)[0]?.ranMs ?? null;
  const after = ranMs === null ? '' : ` after ${timeOf(ranMs)}`;
  return `${displayText(message)}${after}${group.length > 1 ? `, ${group.length} times` : ''}`;
}

function timeOf(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
