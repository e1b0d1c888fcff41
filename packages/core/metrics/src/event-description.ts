import { displayMessage, displayNames, formatDuration } from '@vault-swarm/kernel';
import type { HookRejection, NoticedBy, ProductEvent, RolloutCause, TimedEvent } from '@vault-swarm/provider';

/** The severities of events, the most important first. */
export const severities = ['error', 'warn', 'info', 'debug'] as const;

/** One of {@link severities}. */
export type Severity = (typeof severities)[number];

type EventType = ProductEvent['type'];
type EventOf<T extends EventType> = Extract<ProductEvent, { readonly type: T }>;

interface Description<T extends EventType> {
  readonly severity: Severity;
  sentence(event: EventOf<T>): string;
}

// Events for each task or each reconcile pass are `debug`: ten thousand deliveries in a storm are normal. A delivery
// that fails is an event of its own, with severity `error`.
const descriptions: { readonly [T in EventType]: Description<T> } = {
  'secret.delivered': {
    severity: 'debug',
    sentence: ({ secret, service, provider, revision, source, durationMs }) =>
      `delivered secret ${secret} to ${nameOf(service)}: revision ${revision} of ${provider}, ${SOURCES[source]}, ` +
      `in ${roundedDuration(durationMs)}`,
  },
  'delivery.failed': {
    severity: 'error',
    sentence: ({ secret, service, code, message, repetitions }) =>
      `could not deliver secret ${secret} to ${nameOf(service)}: ${message} (${code})${timesMore(repetitions)}`,
  },
  'access.denied': {
    severity: 'warn',
    sentence: ({ secret, message, isEnforced, repetitions }) =>
      `${message}, in its secret ${secret}${isEnforced ? '' : '; it got the value, because access.mode is report'}${timesMore(repetitions)}`,
  },
  'access.policy-changed': {
    severity: 'info',
    sentence: ({ rules, isEnforced }) =>
      `the changed access policy is in force, with ${rules} ${rules === 1 ? 'rule' : 'rules'}${isEnforced ? '' : '; denials are only reported'}`,
  },
  'revision.changed': {
    severity: 'info',
    sentence: ({ provider, secrets, revision, valueChanged }) =>
      `${provider} has revision ${revision} of ${list('secret', secrets)}` +
      (valueChanged ? '' : ', with the same value as before: nothing to roll'),
  },
  'rollout.started': {
    severity: 'info',
    sentence: ({ service, secrets, generation, cause }) =>
      `service ${service} is rolling to generation ${generation} for ${list('secret', secrets)}${causes(cause)}`,
  },
  'rollout.completed': {
    severity: 'info',
    sentence: ({ service, secrets, durationMs }) =>
      `every task of service ${service} has the new revision of ${list('secret', secrets)}, ` +
      `${roundedDuration(durationMs)} after the change was seen`,
  },
  'rollout.failed': {
    severity: 'error',
    sentence: ({ service, secrets, reason, message }) =>
      `the rollout of ${list('secret', secrets)} to service ${service} ${FAILURES[reason]}: ${message || 'no reason given'}`,
  },
  'quarantine.started': {
    severity: 'error',
    sentence: ({ service, secrets, message }) =>
      `the new value of ${list('secret', secrets)} is quarantined for service ${service}, since its tasks failed with it: ` +
      `${message || 'no reason given'}; write another value, or rotate manually to try it again`,
  },
  'quarantine.ended': {
    severity: 'info',
    sentence: ({ service, secrets, reason }) =>
      `${list('secret', secrets)} of service ${service} ${secrets.length === 1 ? 'is' : 'are'} tried again ` +
      (reason === 'newer' ? 'since there is a newer value' : 'on request'),
  },
  'rollback.started': {
    severity: 'warn',
    sentence: ({ service, secrets, generation }) =>
      `service ${service} is rolling to generation ${generation} for the last good value of ${list('secret', secrets)}`,
  },
  'rollback.completed': {
    severity: 'info',
    sentence: ({ service, secrets, durationMs }) =>
      `every task of service ${service} has the last good value of ${list('secret', secrets)} again, ` +
      `after ${roundedDuration(durationMs)}`,
  },
  'rollout.conflict': {
    severity: 'info',
    sentence: ({ service, outcome }) =>
      outcome === 'conflict'
        ? `service ${service} was changed by somebody else meanwhile; planning again`
        : `whether the update of service ${service} was applied is not known; looking again`,
  },
  'lease.issued': {
    severity: 'info',
    sentence: ({ ref, service, generation, reason, endsAtMs }) =>
      `${ref}: issued for generation ${generation} of service ${service}, ` +
      (reason === 'rollout' ? 'before its rollout' : 'because a task that starts requested it') +
      (endsAtMs === null ? '' : `, until ${new Date(endsAtMs).toISOString()}`),
  },
  'lease.renewed': {
    severity: 'debug',
    sentence: ({ provider, service }) => `${provider} renewed a credential of service ${service}`,
  },
  'lease.revoked': {
    severity: 'info',
    sentence: ({ provider, service, generation }) =>
      `${provider} revoked the credentials of generation ${generation} of service ${service}, which has no tasks any more`,
  },
  'lease.failed': {
    severity: 'error',
    sentence: ({ operation, provider, service, code, message }) =>
      `${provider} failed to ${operation} a credential of service ${service}: ${message} (${code})`,
  },
  'lease.already-delivered': {
    severity: 'debug',
    sentence: ({ secret, service }) =>
      `secret ${secret} was requested again for a running task of ${nameOf(service)}, which keeps its credential`,
  },
  'provider.failed': {
    severity: 'error',
    sentence: ({ provider, code, message }) => `provider ${provider} failed: ${message} (${code})`,
  },
  'provider.recovered': { severity: 'info', sentence: ({ provider }) => `provider ${provider} answers again` },
  'provider.request-completed': {
    severity: 'debug',
    sentence: ({ provider, operation, outcome, durationMs, isRepeated = false }) =>
      `request to ${provider} (${operation}): ${outcome}, in ${roundedDuration(durationMs)}${isRepeated ? '; sent again' : ''}`,
  },
  'provider.login': {
    severity: 'debug',
    sentence: ({ provider, expiresAtMs }) =>
      `logged in to ${provider}, ${expiresAtMs === null ? 'for good' : `until ${new Date(expiresAtMs).toISOString()}`}`,
  },
  'circuit-breaker.changed': {
    severity: 'warn',
    sentence: ({ provider, open }) =>
      open
        ? `provider ${provider} is not called until a probe is answered; last good values are delivered meanwhile`
        : `provider ${provider} is asked again`,
  },
  'cache.evicted': {
    severity: 'warn',
    sentence: ({ values, bytes, evicted }) =>
      `the memory for values is full (${values} values, ${bytes} bytes): ${evicted} that were not used for the longest ` +
      'time were dropped, and are read again when a task asks for them',
  },
  'orchestrator.failed': {
    severity: 'error',
    sentence: ({ operation, message }) => `Docker failed to ${operation}: ${message}`,
  },
  'orchestrator.recovered': { severity: 'info', sentence: () => 'Docker answers again' },
  'lockdown.started': {
    severity: 'warn',
    sentence: ({ sinceMs }) =>
      `a lockdown is active since ${new Date(sinceMs).toISOString()}: cached values are dropped, and nothing is served from the cache`,
  },
  'lockdown.ended': { severity: 'info', sentence: () => 'the lockdown ended: values are cached again' },
  'leadership.changed': {
    severity: 'info',
    sentence: ({ leader }) =>
      leader
        ? 'this node leads the Swarm now and rolls services'
        : 'this node does not lead the Swarm: the plugin stands by',
  },
  'reconcile.completed': {
    severity: 'debug',
    sentence: ({ durationMs, orchestratorAnswered }) =>
      `a pass ended after ${roundedDuration(durationMs)}${orchestratorAnswered ? '' : ', without an answer from Docker'}`,
  },
  'reconcile.failed': { severity: 'error', sentence: ({ message }) => `a pass failed: ${message}` },
  'driver.listening': { severity: 'info', sentence: ({ socket }) => `serving secrets on ${socket}` },
  'driver.standby': {
    severity: 'info',
    sentence: ({ socket }) =>
      `another process serves secrets on ${socket}; it is taken over from as soon as this one can answer`,
  },
  'driver.superseded': {
    severity: 'info',
    sentence: ({ socket }) =>
      `another process serves secrets on ${socket} now; this one finishes what is in progress and stands by`,
  },
  'driver.socket-lost': {
    severity: 'error',
    sentence: ({ socket, message }) => `${socket} was taken away, and can't be made again: ${message}`,
  },
  'driver.request-rejected': {
    severity: 'warn',
    sentence: ({ status, message, repetitions }) =>
      `refused a request on the driver's socket with status ${status}: ${message}${timesMore(repetitions)}`,
  },
  'monitoring.listening': { severity: 'info', sentence: ({ address }) => `monitoring on ${address}` },
  'monitoring.certificate': {
    severity: 'info',
    sentence: ({ endsAtMs }) => `monitoring has a new certificate, which ends at ${new Date(endsAtMs).toISOString()}`,
  },
  'monitoring.failed': { severity: 'error', sentence: ({ message }) => `monitoring failed: ${message}` },
  'hook.accepted': {
    severity: 'info',
    sentence: ({ hook, provider, repetitions }) =>
      `hook ${hook} says that secrets of ${provider} may have changed; polling it${timesMore(repetitions)}`,
  },
  'hook.rejected': {
    severity: 'warn',
    sentence: ({ hook, reason, repetitions }) =>
      `rejected a request to hook ${hook}: ${HOOK_REJECTIONS[reason]}${timesMore(repetitions)}`,
  },
  'notification.sent': { severity: 'debug', sentence: ({ notification }) => `sent a message to ${notification}` },
  'notification.failed': {
    severity: 'warn',
    sentence: ({ notification, message, repetitions }) =>
      `a message to ${notification} was dropped: ${message}${timesMore(repetitions)}`,
  },
  'plugin.warning': { severity: 'warn', sentence: ({ message }) => message },
  'listener.failed': {
    severity: 'error',
    sentence: ({ listener, message }) =>
      `${listener} failed to handle an event: ${message}; this is a fault of the plugin, please report it`,
  },
  'timer.failed': {
    severity: 'error',
    sentence: ({ message }) => `background work failed: ${message}; this is a fault of the plugin, please report it`,
  },
  'plugin.stopping': { severity: 'info', sentence: ({ signal }) => `stopping on ${signal}` },
};

const SOURCES = { cache: 'from the cache', provider: 'read now', stale: 'from the cache since the provider is away' };

const HOOK_REJECTIONS: Readonly<Record<HookRejection, string>> = {
  'unknown-name': 'CONFIG_FILE has no hook with this name',
  unsigned: 'it has no signature or token; compare its kind with what the sender sends',
  signature: 'its signature or token is wrong; compare the secret with that of the sender',
  timestamp: 'it is more than 5 minutes old or in the future; compare the clocks',
  replay: 'it was accepted before',
  'too-large': 'its body is over 256 KiB; let the sender send fewer events',
  unreadable: 'its body could not be read',
};

const FAILURES = {
  paused: 'was paused by Swarm',
  'rolled-back': 'was rolled back by Swarm',
  stuck: 'is stuck',
  rejected: 'could not be started',
};

/** The severity of events of this type. */
export function severityOf(type: EventType): Severity {
  return descriptions[type].severity;
}

/** Describes the event in a sentence, in lower case and without a full stop. It is limited as by `displayMessage`. */
export function describeEvent(event: ProductEvent): string {
  return displayMessage(describe(event));
}

function describe<T extends EventType>(event: EventOf<T>): string {
  // TypeScript can't infer that the description found by an event's type accepts that event.
  return (descriptions[event.type as T] as Description<T>).sentence(event);
}

/** An event as JSON, for the log and for programs. */
export interface EventRecord {
  /** RFC 3339, with milliseconds. */
  readonly time: string;
  readonly level: Severity;
  readonly event: EventType;
  /** The result of {@link describeEvent}. */
  readonly message: string;
  /** The event's own message, if it has one. Its other fields are separate, under names such as `duration_ms`. */
  readonly detail?: string;
  readonly [field: string]: unknown;
}

/** The event with all its fields, except those that are `undefined`. */
export function eventRecord(event: TimedEvent): EventRecord {
  const { type, atMs, ...fields } = event;
  const own = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name === 'message' ? 'detail' : snakeCase(name), rounded(value)]);
  return {
    time: new Date(atMs).toISOString(),
    level: severityOf(type),
    event: type,
    message: describeEvent(event),
    ...Object.fromEntries(own),
  };
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function rounded(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(rounded);
  if (typeof value !== 'object' || value === null) {
    return typeof value === 'number' ? Math.round(value * 1000) / 1000 : value;
  }
  return Object.fromEntries(Object.entries(value).map(plain));
}

/** A field in the API's format: a time of `…AtMs` is RFC 3339. */
function plain([name, value]: readonly [string, unknown]): readonly [string, unknown] {
  const isTime = name.endsWith('AtMs') && typeof value === 'number';
  return isTime ? [snakeCase(name.slice(0, -2)), new Date(value).toISOString()] : [snakeCase(name), rounded(value)];
}

function timesMore(repetitions: number | undefined): string {
  if (repetitions === undefined) return '';
  return `, ${repetitions === 1 ? 'once' : `${repetitions} times`} more`;
}

function nameOf(service: string | undefined): string {
  return service === undefined ? 'an unnamed service' : `service ${service}`;
}

const NOTICED: Readonly<Record<NoticedBy, string>> = {
  poll: 'noticed by a poll',
  hook: 'noticed by hook',
  operator: 'requested by an operator',
  start: 'noticed at the start',
  lease: 'before the end of a lease',
  failure: 'after tasks failed',
};

/** The most causes that a sentence names. */
const MAX_CAUSES = 3;

function causes(cause: readonly RolloutCause[] = []): string {
  const named = cause.slice(0, MAX_CAUSES).map((each) => `${each.secret} ${describeCause(each)}`);
  const more = cause.length - named.length;
  return named.length === 0 ? '' : ` (${named.join('; ')}${more === 0 ? '' : `; and ${more} more`})`;
}

/** Describes a cause in a few words: `6 → 7, noticed by hook audit`. */
function describeCause({ from, to, noticedBy, hook }: Omit<RolloutCause, 'secret' | 'noticedAtMs'>): string {
  const how = noticedBy === null ? '' : `, ${NOTICED[noticedBy]}${hook === null ? '' : ` ${hook}`}`;
  return `${from ?? '?'} → ${to}${how}`;
}

function list(noun: string, names: readonly string[]): string {
  return `${noun}${names.length === 1 ? '' : 's'} ${displayNames(names)}`;
}

function roundedDuration(durationMs: number): string {
  return formatDuration(durationMs >= 10_000 ? Math.round(durationMs / 1000) * 1000 : durationMs);
}
