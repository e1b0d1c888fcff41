import type { Emitter, ListenerFailed, Timed, TimerFailed } from '@vault-swarm/kernel';
import type { DeliveryErrorCode, ProviderErrorCode } from './provider-error.ts';

/**
 * How the change that caused a rollout was noticed: by a poll at the interval, by a hook, because an operator requested a
 * rotation, by the first poll after a start, or by the end of a lease. `failure`: tasks failed with the new values, and
 * the last good ones are restored.
 */
export const noticedBy = ['poll', 'hook', 'operator', 'start', 'lease', 'failure'] as const;

/** The settings that limit how many credentials are issued. */
export const leaseLimits = ['LEASE_MAX', 'LEASE_ISSUES_PER_HOUR'] as const;

/** One of {@link leaseLimits}. */
export type LeaseLimit = (typeof leaseLimits)[number];

/** One of {@link noticedBy}. */
export type NoticedBy = (typeof noticedBy)[number];

/** Why a rollout was started: the change of one secret. */
export interface RolloutCause {
  readonly secret: string;
  /** The revision that the tasks had; `null` if it is not known. */
  readonly from: string | null;
  readonly to: string;
  /** `null` if an earlier version of the plugin noticed it. */
  readonly noticedBy: NoticedBy | null;
  /** The name of the hook, if one noticed it. */
  readonly hook: string | null;
  /** In milliseconds since 1970. */
  readonly noticedAtMs: number;
}

/** Where a delivered value came from. */
export type DeliverySource = 'cache' | 'provider' | 'stale';

/**
 * The events of core. An adapter with events of its own declares and describes them itself, and emits them to an
 * `Emitter` of these. Logging, metrics and the event list subscribe to all. Events contain names of secrets, services
 * and revisions, but never a value.
 */
export type ProductEvent =
  | {
      readonly type: 'secret.delivered';
      readonly secret: string;
      readonly service: string | undefined;
      readonly task: string | undefined;
      readonly provider: string;
      readonly revision: string;
      readonly source: DeliverySource;
      readonly durationMs: number;
    }
  | {
      readonly type: 'delivery.failed';
      readonly secret: string;
      readonly service: string | undefined;
      readonly task: string | undefined;
      readonly provider: string | undefined;
      readonly code: DeliveryErrorCode;
      readonly message: string;
      readonly durationMs: number;
      /** The number of failures since the last report; only in reports of repeated events. */
      readonly repetitions?: number;
    }
  /** The access policy denies a service a secret: found when a task requested it, or when a reconcile pass saw the service. */
  | {
      readonly type: 'access.denied';
      readonly service: string | undefined;
      readonly secret: string;
      readonly provider: string;
      /** Names service and ref, what is granted, and the rule. */
      readonly message: string;
      /** False if the policy is only reported: then the service got the secret. */
      readonly isEnforced: boolean;
      /** The number of denials since the last report; only in reports of repeated events. */
      readonly repetitions?: number;
    }
  /** Another access policy is in force, because its file changed. */
  | { readonly type: 'access.policy-changed'; readonly rules: number; readonly isEnforced: boolean }
  | {
      readonly type: 'revision.changed';
      readonly provider: string;
      readonly secrets: readonly string[];
      readonly revision: string;
      readonly previous: string;
      /**
       * When the provider created it, by its own clock, in milliseconds since 1970; `null` if the provider does not
       * report it.
       */
      readonly createdAtMs: number | null;
      /** False if the delivered bytes are the same as before. Then there is no rollout. */
      readonly valueChanged: boolean;
      readonly noticedBy?: NoticedBy;
      readonly hook?: string;
    }
  | {
      readonly type: 'rollout.started';
      readonly service: string;
      readonly secrets: readonly string[];
      /** At most 20, even if there are more secrets. */
      readonly cause?: readonly RolloutCause[];
      readonly generation: number;
    }
  | {
      readonly type: 'rollout.completed';
      readonly service: string;
      readonly secrets: readonly string[];
      /** At most 20, even if there are more secrets. */
      readonly cause?: readonly RolloutCause[];
      readonly generation: number;
      /** From the moment when the leader first saw the change until the last task has the revision. */
      readonly durationMs: number;
    }
  | {
      readonly type: 'rollout.failed';
      readonly service: string;
      readonly secrets: readonly string[];
      /** At most 20, even if there are more secrets. */
      readonly cause?: readonly RolloutCause[];
      readonly reason: 'paused' | 'rolled-back' | 'stuck' | 'rejected';
      readonly message: string;
    }
  /** The values of a rollout made tasks of the service fail. The service gets the last good values instead. */
  | {
      readonly type: 'quarantine.started';
      readonly service: string;
      readonly secrets: readonly string[];
      /** The reason that the orchestrator gave. */
      readonly message: string;
    }
  /** Quarantined values are tried again, because one of them is newer or because an operator requested it. */
  | {
      readonly type: 'quarantine.ended';
      readonly service: string;
      readonly secrets: readonly string[];
      readonly reason: 'newer' | 'manual';
    }
  | {
      readonly type: 'rollback.started';
      readonly service: string;
      readonly secrets: readonly string[];
      /** At most 20, even if there are more secrets. */
      readonly cause?: readonly RolloutCause[];
      readonly generation: number;
    }
  /** Every task has the last good values again. */
  | {
      readonly type: 'rollback.completed';
      readonly service: string;
      readonly secrets: readonly string[];
      /** At most 20, even if there are more secrets. */
      readonly cause?: readonly RolloutCause[];
      readonly generation: number;
      /** From the start of the rollback until the last task has the values. */
      readonly durationMs: number;
    }
  /** An operator restarted the tasks of a service that had the newest values already. */
  | { readonly type: 'service.restarted'; readonly service: string; readonly generation: number }
  | { readonly type: 'rollout.conflict'; readonly service: string; readonly outcome: 'conflict' | 'unknown' }
  /** A credential was issued for the tasks of a generation. */
  | {
      readonly type: 'lease.issued';
      readonly provider: string;
      readonly service: string;
      readonly generation: number;
      /** Where it was issued, for people. */
      readonly ref: string;
      /** `rollout`: before the tasks of a rollout start; `request`: a task that starts requested it. */
      readonly reason: 'rollout' | 'request';
      /** When it ends whatever is renewed, in milliseconds since 1970; `null` if that is not known. */
      readonly endsAtMs: number | null;
    }
  | { readonly type: 'lease.renewed'; readonly provider: string; readonly service: string }
  /** The credentials of a generation that has no tasks any more were revoked. */
  | { readonly type: 'lease.revoked'; readonly provider: string; readonly service: string; readonly generation: number }
  | {
      readonly type: 'lease.failed';
      readonly operation: 'issue' | 'renew' | 'revoke';
      readonly provider: string;
      readonly service: string;
      readonly code: ProviderErrorCode;
      readonly message: string;
      /** The plugin's own limit that was reached; `undefined` if the provider refused, or did not answer. */
      readonly limit?: LeaseLimit;
    }
  /** A running task's secret was requested again, and the plugin does not have it any more. This is harmless. */
  | {
      readonly type: 'lease.already-delivered';
      readonly secret: string;
      readonly service: string | undefined;
      readonly task: string | undefined;
    }
  | {
      readonly type: 'provider.failed';
      readonly provider: string;
      readonly code: ProviderErrorCode;
      readonly message: string;
    }
  | { readonly type: 'provider.recovered'; readonly provider: string }
  /** One request of an adapter to its provider ended. There is one event for each request, so listeners must be fast. */
  | {
      readonly type: 'provider.request-completed';
      readonly provider: string;
      /** The purpose of the request: a short fixed word of the adapter, such as `read`, `probe` or `login`; never a path. */
      readonly operation: string;
      /** `ok`, or the provider's error. `UNAVAILABLE` also if the request was aborted before there was an answer. */
      readonly outcome: 'ok' | ProviderErrorCode;
      /** Until the whole answer was received. It includes the wait for a connection. */
      readonly durationMs: number;
      /** True if it failed transiently and was sent again. Then the last attempt shows the state of the provider. */
      readonly isRepeated?: boolean;
    }
  /** The plugin logged in at the provider, or renewed its login. */
  | {
      readonly type: 'provider.login';
      readonly provider: string;
      /** When the login expires unless it is renewed, in milliseconds since 1970; `null`: never, or not known. */
      readonly expiresAtMs: number | null;
      /** What the operator should change about the login, although it works. Contains no secret. */
      readonly problem?: string;
    }
  /** Open: the provider does not answer, so requests are answered from the cache or rejected at once. */
  | { readonly type: 'circuit-breaker.changed'; readonly provider: string; readonly open: boolean }
  /** Values were evicted because the cache is full. They are read again when they are requested. */
  | { readonly type: 'cache.evicted'; readonly values: number; readonly bytes: number; readonly evicted: number }
  | { readonly type: 'orchestrator.failed'; readonly operation: string; readonly message: string }
  | { readonly type: 'orchestrator.recovered' }
  /** An operator started a lockdown at this time (milliseconds since 1970). No value is served from the cache any more. */
  | { readonly type: 'lockdown.started'; readonly sinceMs: number }
  | { readonly type: 'lockdown.ended' }
  | { readonly type: 'leadership.changed'; readonly leader: boolean }
  | { readonly type: 'reconcile.completed'; readonly durationMs: number; readonly orchestratorAnswered: boolean }
  | { readonly type: 'reconcile.failed'; readonly message: string }
  | {
      readonly type: 'plugin.warning';
      readonly message: string;
      /** For a setting: the code, and the variable that `message` starts with. */
      readonly code?: string;
      readonly variable?: string;
    }
  | ListenerFailed
  | TimerFailed;

/** An event with the time at which it was emitted, in milliseconds since 1970. */
export type TimedEvent = Timed<ProductEvent>;

/** Receives the events of core. Never throws, never blocks. */
export type Events = Emitter<ProductEvent>;

/** Receives every event, in the order of emission. If it throws, only this listener misses that event. */
export type EventListener = (event: TimedEvent) => void;
