import type { Plan } from '@vault-swarm/http/api';
import { counted } from '../format.ts';

type Outcome = Plan['services'][number]['outcome'];

/** The outcome for a service, in words that follow its name. */
export const OUTCOMES: Readonly<Record<Outcome, string>> = {
  scheduled: 'is updated as soon as there is capacity',
  pending: 'waits: its provider does not report the newest value now',
  'up-to-date': 'has the newest values already',
  restarted: 'has the newest values already, and its tasks are replaced',
  'not-applicable': 'is never updated: it is a job, or its secrets are pinned or turned off',
};

/** The summary of a plan. */
export interface PlanSummary {
  /** How many tasks would be replaced. */
  readonly tasks: number;
  /** Whether there is something to confirm. */
  readonly isAnything: boolean;
  readonly sentence: string;
}

/** Summarises a plan; `isDue` if it happens without a request. */
export function summaryOf({ services }: Plan, isDue: boolean): PlanSummary {
  const concerned = services.filter(({ outcome }) => ['scheduled', 'pending', 'restarted'].includes(outcome));
  const tasks = concerned.reduce((sum, service) => sum + service.tasks, 0);
  if (concerned.length === 0) {
    return { tasks, isAnything: false, sentence: 'Nothing to do: no running task would get another value.' };
  }
  const sentence =
    `${counted(tasks, 'task')} of ${counted(concerned.length, 'service')} ${isDue ? 'will' : 'would'} be replaced, ` +
    `as ${concerned.length === 1 ? 'its' : 'their'} own update settings say.`;
  return { tasks, isAnything: true, sentence };
}
