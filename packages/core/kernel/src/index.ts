export { backoffMs, jittered } from './backoff.ts';
export { boundedBytes, TooManyBytes } from './bounded-bytes.ts';
export { BoundedMap, type MapLimits } from './bounded-map.ts';
export { mapConcurrently } from './concurrency.ts';
export { type ConnectionFailure, connectionFailure } from './connection-failure.ts';
export { DeadlineExceeded, withDeadline } from './deadline.ts';
export { Deferred } from './deferred.ts';
export { distance } from './distance.ts';
export { formatDuration, parseDuration } from './duration.ts';
export { EventBus } from './event-bus.ts';
export {
  type EventCounter,
  type EventDescription,
  type EventDescriptions,
  type Repetition,
  type Severity,
  severities,
  timesMore,
} from './event-description.ts';
export type { Emitter, ListenerFailed, NamedEvent, Timed, TimerFailed } from './events.ts';
export { displayMessage, displayNames, displayText, errorMessage, quoted } from './foreign-text.ts';
export { IsolatedTimers } from './isolated-timers.ts';
export { Listeners } from './listeners.ts';
export type { Clock, Digest, Random } from './platform-ports.ts';
export { SingleFlight } from './single-flight.ts';
export { sleep } from './sleep.ts';
export { TimeSlices } from './time-slices.ts';
export { TimeZone } from './time-zone.ts';
export { type Attempt, TransientRetries } from './transient-retries.ts';
