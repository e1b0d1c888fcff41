export type { Lockdown } from './ledger/ledger.ts';
export {
  describeManager,
  type ManagerState,
  type ManagerStatus,
  managerStates,
} from './managers/manager-status.ts';
export { ManagerWatch, type ManagerWatchPorts } from './managers/manager-watch.ts';
export type { LocksDown } from './manual/lockdown.ts';
export type { ProviderHealthCheck } from './polling/provider-health-check.ts';
export type { AcceptsHints } from './ports/accepts-hints.ts';
export type {
  ListedManager,
  ManagerAdvice,
  ManagerDirectory,
  PluginAnnouncement,
  PluginKind,
} from './ports/manager-directory.ts';
export {
  type ManualRotation,
  type PlannedService,
  type PreviewRequest,
  type RequestedService,
  type RotateRequest,
  RotationRejected,
  type RotationRejection,
} from './ports/manual-rotation.ts';
export {
  AccessDenied,
  type FailedTask,
  type Leadership,
  type LedgerRecord,
  type LedgerStore,
  type Orchestrator,
  type OrchestratorChanges,
  type Role,
  type RollOptions,
  RolloutRejected,
  type RolloutReport,
  type Workload,
  type WorkloadSecret,
  type WorkloadSnapshot,
  type WorkloadTask,
  type WriteOutcome,
} from './ports/orchestrator.ts';
export type { LeaseSettings, RotationPolicy, RotationPorts, RotationSettings } from './ports/rotation-ports.ts';
export type { ValueCache } from './ports/value-cache.ts';
export { type WaitingCode, type WaitingReason, waitingCodes } from './ports/waiting-reason.ts';
export { Rotation } from './rotation.ts';
export { CachedStatus } from './status/cached-status.ts';
export { type LeaseState, type LeaseStatus, type LeasesStatus, leaseStates } from './status/lease-status.ts';
export type { RefusedDelivery } from './status/refused-deliveries.ts';
export {
  condition,
  type ServiceCondition,
  type ServiceConditionCode,
  serviceConditionCodes,
} from './status/service-condition.ts';
export type {
  RevisionState,
  RotationStatus,
  SecretStatus,
  SecretTaskRevisions,
  ServiceStatus,
  TaskRevisionCount,
} from './status/status.ts';
