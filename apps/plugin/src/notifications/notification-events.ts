import { type EventCounter, type EventDescriptions, timesMore } from '@vault-swarm/kernel';

/** The events of messages to receivers. */
export type NotificationEvent =
  /** A message was accepted by the receiver with this name. */
  | { readonly type: 'notification.sent'; readonly notification: string }
  | {
      readonly type: 'notification.failed';
      readonly notification: string;
      /** `dropped`: too many messages wait already. `failed`: the receiver refused it, or failed too often. */
      readonly result: 'failed' | 'dropped';
      readonly message: string;
      /** The number of such events since the last report; only in reports of repeated events. */
      readonly repetitions?: number;
    };

/** How the log and the event list describe {@link NotificationEvent}. */
export const notificationEvents: EventDescriptions<NotificationEvent> = {
  'notification.sent': { severity: 'debug', sentence: ({ notification }) => `sent a message to ${notification}` },
  'notification.failed': {
    severity: 'warn',
    sentence: ({ notification, message, repetitions }) =>
      `a message to ${notification} was dropped: ${message}${timesMore(repetitions)}`,
    repetition: ({ notification }) => ({ kind: [notification] }),
  },
};

/** The metric of the messages. */
export const notificationsSent: EventCounter<NotificationEvent> = {
  name: 'notifications_total',
  help: 'Messages to receivers: sent, failed, or dropped because too many waited',
  results: ['sent', 'failed', 'dropped'],
  resultOf: (event) =>
    event.type === 'notification.sent' ? 'sent' : event.type === 'notification.failed' ? event.result : null,
};
