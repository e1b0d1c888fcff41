import { displayNames, type EventDescriptions, formatDuration, timesMore } from '@vault-swarm/kernel';
import type { NoticedBy, ProductEvent, RolloutCause } from '@vault-swarm/provider';

/**
 * The descriptions of core's events. Those for each task or each reconcile pass are `debug`: ten thousand deliveries in
 * a storm are normal. A delivery that fails is an event of its own, with severity `error`.
 *
 * @param orchestrator the orchestrator's name for users.
 */
export function coreEvents(orchestrator: string): EventDescriptions<ProductEvent> {
  return {
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
      repetition: ({ code, secret, service }) => ({ kind: [code], names: [secret, service] }),
    },
    'access.denied': {
      severity: 'warn',
      sentence: ({ secret, message, isEnforced, repetitions }) =>
        `${message}, in its secret ${secret}${isEnforced ? '' : '; it got the value, because access.mode is report'}${timesMore(repetitions)}`,
      repetition: ({ secret, service }) => ({ kind: [], names: [secret, service] }),
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
        `the rollout of ${list('secret', secrets)} to service ${service} ${FAILURES[reason]}` +
        `${reason === 'paused' || reason === 'rolled-back' ? ` by ${orchestrator}` : ''}: ${message || 'no reason given'}`,
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
    'service.restarted': {
      severity: 'info',
      sentence: ({ service, generation }) =>
        `service ${service} is rolling to generation ${generation} on request; its tasks had the newest values`,
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
      sentence: ({ operation, message }) => `${orchestrator} failed to ${operation}: ${message}`,
    },
    'orchestrator.recovered': { severity: 'info', sentence: () => `${orchestrator} answers again` },
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
          ? 'this node leads the cluster now and rolls services'
          : 'this node does not lead the cluster: the plugin stands by',
    },
    'reconcile.completed': {
      severity: 'debug',
      sentence: ({ durationMs, orchestratorAnswered }) =>
        `a pass ended after ${roundedDuration(durationMs)}${orchestratorAnswered ? '' : `, without an answer from ${orchestrator}`}`,
    },
    'reconcile.failed': { severity: 'error', sentence: ({ message }) => `a pass failed: ${message}` },
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
  };
}

const SOURCES = { cache: 'from the cache', provider: 'read now', stale: 'from the cache since the provider is away' };

const FAILURES = {
  paused: 'was paused',
  'rolled-back': 'was rolled back',
  stuck: 'is stuck',
  rejected: 'could not be started',
};

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
