import { displayMessage } from '@vault-swarm/kernel';
import { inWords, type OrchestratorWords } from '@vault-swarm/provider';

/** Each reason by its code, with the words of `inWords`. `{secret}`, `{service}`, `{reason}` and `{time}` are replaced by the actual ones. */
const messages = {
  LABELS_INVALID: 'waits for the labels of its secrets to be corrected',
  SECRET_UNDELIVERABLE: 'waits for its secret {secret} to have a value ({reason})',
  NEWEST_VALUE_UNKNOWN: 'waits for its newest values to be read',
  ROLLBACK_VALUE_UNKNOWN: 'waits for its last good values to be read',
  ROLLBACK_VALUE_LOST:
    'waits for a newer value, or a manual rotation, since the last good one of what was quarantined is lost',
  VALUE_FAILED: 'waits for a newer value, or a manual rotation, since this one failed',
  VALUE_UNPROVEN: 'waits for its {TASK}s to run for a while with their value of {secret}, which failed before',
  VALUE_FAILED_ELSEWHERE:
    'waits for a newer value of {secret}, or a manual rotation: this one made {TASK}s of {service} fail',
  SERVICE_CHANGED: 'waits for its latest change to be taken up',
  SERVICE_UPDATING: 'waits for its own update to end',
  UPDATE_PAUSED: 'waits for its paused update to be resumed or undone',
  UPDATE_PAUSED_UNSTABLE: 'waits for the {TASK}s of its paused update to run for a while',
  UPDATE_PAUSED_TASKS_DOWN:
    'waits for the {TASK}s of its paused update to run; fix what stops them, or undo the update',
  UPDATE_REJECTED: 'waits for its refused update to be tried again',
  ROLLOUT_OPEN: 'waits for the rollout that is in progress to end',
  TASKS_DOWN: 'waits for its {TASK}s to run before the next attempt',
  FAILURE_UNKNOWN: 'waits for the reason why its {TASK}s failed',
  BACKOFF_START_FAILED: 'waits for a while, since its {TASK}s could not start',
  BACKOFF_INCOMPLETE: 'waits for a while, since an attempt did not reach all {TASK}s',
  NODE_PAUSED: 'waits for a paused node to be active again, or drained: its {TASK} is replaced only then',
  WINDOW_CLOSED: 'waits for the rotation window of {secret}, which opens at {time}',
  VALUE_UNSTABLE: 'waits for the new value of {secret} to be unchanged until {time}',
  ROTATION_TOO_FREQUENT: 'waits for a pause between its rollouts to end',
  PARALLEL_LIMIT: 'waits for other {SERVICE}s to finish',
  LOCKDOWN_ACTIVE: 'waits for the lockdown to end, or a manual rotation',
} as const;

/** Why a rollout that is due does not start or proceed. Codes are stable; programs match on them, never on the text. */
export type WaitingCode = keyof typeof messages;

/** All codes. */
export const waitingCodes = Object.keys(messages) as readonly WaitingCode[];

/** Why a service waits. */
export interface WaitingReason {
  readonly code: WaitingCode;
  /** What the service waits for, as the rest of a sentence whose subject is the service. Never a value. */
  readonly message: string;
}

/** What a message may name. */
export interface WaitingContext {
  readonly secret?: string;
  readonly service?: string;
  readonly reason?: string;
  readonly time?: string;
  readonly words?: OrchestratorWords | undefined;
}

/** The reason with its message, shortened by `displayMessage`. */
export function waitingReason(code: WaitingCode, context: WaitingContext = {}): WaitingReason {
  const message = inWords(messages[code], context.words).replace(
    /\{(secret|service|reason|time)\}/g,
    (_, name: 'secret' | 'service' | 'reason' | 'time') => context[name] ?? '',
  );
  return { code, message: displayMessage(message) };
}
