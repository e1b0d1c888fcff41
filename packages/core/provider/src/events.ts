import type { Emitter, ListenerFailed, Timed } from '@vault-swarm/kernel';
import type { WarningCode } from './configuration-warning.ts';
import type { ProviderErrorCode } from './provider-error.ts';

/** Where a delivered value came from. */
export type DeliverySource = 'cache' | 'provider' | 'stale';

/**
 * Everything that happens in the product and that somebody may want to know: logging, metrics and the event list each
 * subscribe. Secrets, services and revisions are named; no event has a value in it.
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
      readonly code: ProviderErrorCode | 'DEADLINE';
      readonly message: string;
      readonly durationMs: number;
      /** How many refusals there were since the last report; only in reported events. */
      readonly repetitions?: number;
    }
  | {
      readonly type: 'revision.changed';
      readonly provider: string;
      readonly secrets: readonly string[];
      readonly revision: string;
      readonly previous: string;
      /** When the provider made it, by its own clock, in milliseconds since 1970; `null` where it does not tell. */
      readonly createdAtMs: number | null;
      /** False where the delivered bytes are the same as before: nothing is rolled then. */
      readonly valueChanged: boolean;
    }
  | {
      readonly type: 'rollout.started';
      readonly service: string;
      readonly secrets: readonly string[];
      readonly generation: number;
    }
  | {
      readonly type: 'rollout.completed';
      readonly service: string;
      readonly secrets: readonly string[];
      readonly generation: number;
      /** From the moment the leader first saw the change to the last task. */
      readonly durationMs: number;
    }
  | {
      readonly type: 'rollout.failed';
      readonly service: string;
      readonly secrets: readonly string[];
      readonly reason: 'paused' | 'rolled-back' | 'stuck' | 'rejected';
      readonly message: string;
    }
  /** The values of a rollout made tasks of the service fail: it is given the last good ones instead. */
  | {
      readonly type: 'quarantine.started';
      readonly service: string;
      readonly secrets: readonly string[];
      /** The orchestrator's own reason. */
      readonly message: string;
    }
  /** Quarantined values are tried again: one of them is newer, or somebody asked for it. */
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
      readonly generation: number;
    }
  /** Every task has the last good values again. */
  | {
      readonly type: 'rollback.completed';
      readonly service: string;
      readonly secrets: readonly string[];
      readonly generation: number;
      /** From the moment it was started to the last task. */
      readonly durationMs: number;
    }
  | { readonly type: 'rollout.conflict'; readonly service: string; readonly outcome: 'conflict' | 'unknown' }
  | {
      readonly type: 'provider.failed';
      readonly provider: string;
      readonly code: ProviderErrorCode;
      readonly message: string;
    }
  | { readonly type: 'provider.recovered'; readonly provider: string }
  /** One request of an adapter to its provider ended: of each there is one, so who listens must be quick. */
  | {
      readonly type: 'provider.request-completed';
      readonly provider: string;
      /** What it was for: a short fixed word of the adapter's, such as `read`, `probe` or `login`; never a path. */
      readonly operation: string;
      /** `ok`, or what the provider answered; `UNAVAILABLE` also where it was cut off before there was an answer. */
      readonly outcome: 'ok' | ProviderErrorCode;
      /** Until the whole answer was there, the wait for a connection included. */
      readonly durationMs: number;
      /** True: it failed in passing and was sent again, so how that ended tells how the provider does. */
      readonly isRepeated?: boolean;
    }
  /** The provider knows us now, or for longer than before. */
  | {
      readonly type: 'provider.login';
      readonly provider: string;
      /** When the login ends unless it is renewed, in milliseconds since 1970; `null`: never, or nobody can say. */
      readonly expiresAtMs: number | null;
      /** What the operator should change about it, though it works; no secret. */
      readonly problem?: string;
    }
  /** Open: requests are answered from the cache or refused at once, since the provider does not answer. */
  | { readonly type: 'circuit-breaker.changed'; readonly provider: string; readonly open: boolean }
  /** Values had to be dropped for others, since no more may be held in memory: they are read again when asked for. */
  | { readonly type: 'cache.evicted'; readonly values: number; readonly bytes: number; readonly evicted: number }
  | { readonly type: 'orchestrator.failed'; readonly operation: string; readonly message: string }
  | { readonly type: 'orchestrator.recovered' }
  /** No value is served from the cache any more, since an operator started a lockdown then (milliseconds since 1970). */
  | { readonly type: 'lockdown.started'; readonly sinceMs: number }
  | { readonly type: 'lockdown.ended' }
  | { readonly type: 'leadership.changed'; readonly leader: boolean }
  | { readonly type: 'reconcile.completed'; readonly durationMs: number; readonly orchestratorAnswered: boolean }
  | { readonly type: 'reconcile.failed'; readonly message: string }
  | { readonly type: 'driver.listening'; readonly socket: string }
  /** Another process serves the socket, and is to be taken over from. */
  | { readonly type: 'driver.standby'; readonly socket: string }
  /** Another process took the socket over. */
  | { readonly type: 'driver.superseded'; readonly socket: string }
  /** The socket's name leads to us no more, and can't be made to. */
  | { readonly type: 'driver.socket-lost'; readonly socket: string; readonly message: string }
  | {
      readonly type: 'driver.request-rejected';
      readonly status: number;
      readonly message: string;
      /** How many such requests were refused since the last report; only in reported events. */
      readonly repetitions?: number;
    }
  | { readonly type: 'monitoring.listening'; readonly address: string }
  | { readonly type: 'monitoring.failed'; readonly message: string }
  /** The monitoring port has another certificate, which ends then, in milliseconds since 1970. */
  | { readonly type: 'monitoring.certificate'; readonly endsAtMs: number }
  | {
      readonly type: 'plugin.warning';
      readonly message: string;
      /** Of a setting: the code, and the variable that `message` starts with. */
      readonly code?: WarningCode;
      readonly variable?: string;
    }
  | ListenerFailed
  | { readonly type: 'plugin.stopping'; readonly signal: string };

/** An event with the time at which it was emitted, in milliseconds since 1970. */
export type TimedEvent = Timed<ProductEvent>;

/** Where the parts of the product report their events. Never throws, never blocks. */
export type Events = Emitter<ProductEvent>;

/** Gets every event, in the order of its emission. One that throws misses that event, and nobody else does. */
export type EventListener = (event: TimedEvent) => void;
