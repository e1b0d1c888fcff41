import { type EventCounter, type EventDescriptions, timesMore } from '@vault-swarm/kernel';

/** Why a request to a hook was rejected. `replay`: it was accepted before. */
const hookRejections = [
  'unknown-name',
  'unsigned',
  'signature',
  'timestamp',
  'replay',
  'too-large',
  'unreadable',
] as const;

/** Why a request to a hook was rejected. */
export type HookRejection = (typeof hookRejections)[number];

/** The events of the monitoring port and its hooks. */
export type MonitoringEvent =
  | { readonly type: 'monitoring.listening'; readonly address: string }
  | { readonly type: 'monitoring.failed'; readonly message: string }
  /** The monitoring port has another certificate, which expires at this time, in milliseconds since 1970. */
  | { readonly type: 'monitoring.certificate'; readonly endsAtMs: number }
  /** An authentic request to a hook: the provider is polled soon. */
  | {
      readonly type: 'hook.accepted';
      readonly hook: string;
      readonly provider: string;
      /** The number of such requests since the last report; only in reports of repeated events. */
      readonly repetitions?: number;
    }
  | {
      readonly type: 'hook.rejected';
      /** The name in the request's path. */
      readonly hook: string;
      readonly reason: HookRejection;
      readonly repetitions?: number;
    };

const HOOK_REJECTIONS: Readonly<Record<HookRejection, string>> = {
  'unknown-name': 'CONFIG_FILE has no hook with this name',
  unsigned: 'it has no signature or token; compare its kind with what the sender sends',
  signature: 'its signature or token is wrong; compare the secret with that of the sender',
  timestamp: 'it is more than 5 minutes old or in the future; compare the clocks',
  replay: 'it was accepted before',
  'too-large': 'its body is over 256 KiB; let the sender send fewer events',
  unreadable: 'its body could not be read',
};

/** How the log and the event list describe {@link MonitoringEvent}. */
export const monitoringEvents: EventDescriptions<MonitoringEvent> = {
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
    repetition: ({ hook }) => ({ kind: [hook] }),
  },
  'hook.rejected': {
    severity: 'warn',
    sentence: ({ hook, reason, repetitions }) =>
      `rejected a request to hook ${hook}: ${HOOK_REJECTIONS[reason]}${timesMore(repetitions)}`,
    // Any client can make up names.
    repetition: ({ hook, reason }) => ({ kind: reason === 'unknown-name' ? [reason] : [reason, hook] }),
  },
};

/** The metric of the requests to hooks. */
export const hookRequests: EventCounter<MonitoringEvent> = {
  name: 'hook_requests_total',
  help: 'Requests to hooks: accepted, or why they were rejected',
  results: ['accepted', ...hookRejections],
  resultOf: (event) =>
    event.type === 'hook.accepted' ? 'accepted' : event.type === 'hook.rejected' ? event.reason : null,
};
