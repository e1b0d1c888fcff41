import type { Overview, ProblemEntry } from '@vault-swarm/http/api';
import { formatAge } from '../format.ts';

/** The overall state, worst first. */
export type HealthLevel = 'bad' | 'warn' | 'busy' | 'good' | 'idle';

/** The content of the health panel. */
export interface Health {
  readonly level: HealthLevel;
  readonly title: string;
  readonly explanation: string;
  readonly problems: readonly ProblemEntry[];
}

const LEVELS: Readonly<Record<Overview['summary']['severity'], HealthLevel>> = {
  critical: 'bad',
  warning: 'warn',
  info: 'busy',
  ok: 'good',
};

/** The plugin's own summary, which the command line shows too, and the problems worst first. */
export function healthOf({ summary, problems, lockdown, healthy, heartbeat_at }: Overview, nowMs: number): Health {
  const latest =
    healthy || heartbeat_at === null
      ? ''
      : ` The last reconcile pass ended ${formatAge(nowMs - Date.parse(heartbeat_at))} ago.`;
  return {
    level: summary.code === 'empty' ? 'idle' : LEVELS[summary.severity],
    title: summary.title,
    explanation: `${summary.explanation}${latest}`,
    // The lockdown banner shows that one.
    problems: problems.filter(({ code }) => !lockdown.active || code !== 'LOCKDOWN_ACTIVE'),
  };
}

/** The level of one problem or state. */
export function levelOf(severity: Overview['summary']['severity']): HealthLevel {
  return LEVELS[severity];
}

/** What a problem concerns: its message without the summary at its start; empty if it says no more. */
export function detailOf({ summary, message }: ProblemEntry): string {
  return message.length > summary.length ? message.slice(summary.length + 2) : '';
}
