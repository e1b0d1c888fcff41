export type { LabelProblem, SecretUse, ServiceUses } from './bindings/secret-binding.ts';
export { parseLedger, serialiseLedger } from './ledger/codec.ts';
export {
  type EarlierValue,
  emptyLedger,
  type LedgerDocument,
  type LedgerSecret,
  type LedgerService,
  type Lockdown,
  type OpenRollout,
  type SetAside,
  type Values,
} from './ledger/ledger.ts';
export type { HeldValue } from './ledger/secret-version.ts';
export type { LocksDown } from './manual/lockdown.ts';
export { type Plan, type PlanInput, plan, type ServicePlan } from './planner/plan.ts';
export { RAMP_START, type Ramp } from './planner/ramp.ts';
export type { Availability, RollAction } from './planner/service-state.ts';
export {
  type PlannedService,
  type PreviewRequest,
  type RequestedService,
  type RotateByHand,
  type RotateRefusal,
  RotateRefused,
  type RotateRequest,
} from './ports/manual-rotation.ts';
export {
  AccessRefused,
  type FailedTask,
  type Leadership,
  type LedgerRecord,
  type LedgerStore,
  type Role,
  type RollOptions,
  type RolloutReport,
  RollRefused,
  type Workload,
  type WorkloadChanges,
  type WorkloadSecret,
  type WorkloadSnapshot,
  type Workloads,
  type WorkloadTask,
  type WriteOutcome,
} from './ports/orchestrator.ts';
export type {
  AskedFor,
  DeliveredTo,
  IntendedRevision,
  RotationPolicy,
  RotationPorts,
  RotationSettings,
} from './ports/rotation-ports.ts';
export type { ProbeOutcome, ServedValues } from './ports/value-cache.ts';
export { Rotation } from './rotation.ts';
export type { HeldRevision, RotationStatus, SecretHoldings, SecretStatus, ServiceStatus } from './status/status.ts';
export type { Answered, CurrentValue } from './tasks/task-revision.ts';
