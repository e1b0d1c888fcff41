import { displayMessage } from '@vault-swarm/kernel';
import type { ProblemSeverity } from '@vault-swarm/provider';

/** Each condition by its code, most urgent first. */
const conditions = {
  failing: { title: 'Failing', severity: 'critical' },
  stuck: { title: 'Stuck', severity: 'warning' },
  'rollout-failed': { title: 'Rollout failed', severity: 'warning' },
  'rolling-back': { title: 'Rolling back', severity: 'warning' },
  degraded: { title: 'Degraded', severity: 'warning' },
  'at-risk': { title: 'At risk', severity: 'warning' },
  blocked: { title: 'Blocked', severity: 'warning' },
  'held-back': { title: 'Held back', severity: 'warning' },
  rolling: { title: 'Rolling', severity: 'info' },
  starting: { title: 'Starting', severity: 'info' },
  waiting: { title: 'Waiting', severity: 'info' },
  'waiting-manual': { title: 'Waiting for a manual rotation', severity: 'info' },
  outdated: { title: 'Outdated', severity: 'info' },
  unknown: { title: 'Not known yet', severity: 'info' },
  stopped: { title: 'Scaled to 0', severity: 'ok' },
  job: { title: 'Job', severity: 'ok' },
  current: { title: 'Current', severity: 'ok' },
} as const satisfies Record<string, { readonly title: string; readonly severity: ProblemSeverity | 'ok' }>;

/** The state of a service. Codes are stable; programs match on them, never on the text. */
export type ServiceConditionCode = keyof typeof conditions;

/** All codes, most urgent first. */
export const serviceConditionCodes = Object.keys(conditions) as readonly ServiceConditionCode[];

/** The state of a service as a whole: of its tasks first, then of its rotation. */
export interface ServiceCondition {
  readonly code: ServiceConditionCode;
  readonly severity: ProblemSeverity | 'ok';
  /** One to five words. */
  readonly title: string;
  /** Why, or what it waits for; empty if the title says it all. Never a value. */
  readonly message: string;
}

/** The condition with its message, shortened by `displayMessage`. */
export function condition(code: ServiceConditionCode, message: string): ServiceCondition {
  return { code, ...conditions[code], message: displayMessage(message) };
}
