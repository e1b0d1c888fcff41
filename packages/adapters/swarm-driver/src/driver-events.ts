import { type EventDescriptions, timesMore } from '@vault-swarm/kernel';

/** The events of the driver's socket. */
export type DriverEvent =
  | { readonly type: 'driver.listening'; readonly socket: string }
  /** Another process serves the socket. This process waits to take it over. */
  | { readonly type: 'driver.standby'; readonly socket: string }
  /** Another process has taken over the socket. */
  | { readonly type: 'driver.superseded'; readonly socket: string }
  /** The socket's path no longer leads to this process, and this can't be fixed. */
  | { readonly type: 'driver.socket-lost'; readonly socket: string; readonly message: string }
  | {
      readonly type: 'driver.request-rejected';
      readonly status: number;
      readonly message: string;
      /** The number of such requests since the last report; only in reports of repeated events. */
      readonly repetitions?: number;
    };

/** How the log and the event list describe {@link DriverEvent}. */
export const driverEvents: EventDescriptions<DriverEvent> = {
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
    repetition: ({ status }) => ({ kind: [status] }),
  },
};
