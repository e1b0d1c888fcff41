export { type Cause, causeSchema } from './cause.ts';
export { type CheckBody, type CheckResult, checkRequestSchema, checkSchema } from './check.ts';
export { type Event, type Events, eventSchema, eventsSchema, type Level, levelSchema } from './events.ts';
export { type History, historySchema } from './history.ts';
export { hookHandshakeSchema } from './hooks.ts';
export { type Lease, type Leases, leasesSchema } from './leases.ts';
export { type LockdownState, lockdownRequestSchema, lockdownSchema } from './lockdown.ts';
export { accessSchema, type CallerAccess, type Overview, overviewSchema } from './overview.ts';
export { healthSchema, liveSchema, metricsSchema, readySchema } from './plain.ts';
export { type ProblemDetails, problemSchema } from './problem.ts';
export type { ProblemEntry } from './reasons.ts';
export {
  type Plan,
  planSchema,
  type Rotate,
  type RotateBody,
  rotateRequestSchema,
  rotateSchema,
} from './rotate.ts';
export { type Secret, type Secrets, secretsSchema } from './secrets.ts';
export { type Service, type Services, servicesSchema } from './services.ts';
export { type SessionRequest, sessionRequestSchema } from './session.ts';
export { type Changed, changedSchema } from './stream.ts';
