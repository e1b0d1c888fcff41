export type { HeldValue } from './held-value.ts';
export type { Answered, CurrentValue } from './holdings.ts';
export {
  type EarlierValue,
  emptyLedger,
  type LedgerDocument,
  type LedgerSecret,
  type LedgerService,
  type OpenRollout,
  parseLedger,
  serialiseLedger,
} from './ledger.ts';
export { type Plan, type PlanInput, plan, type ServicePlan } from './plan.ts';
export type { RollAction, RotationPolicy } from './plan-service.ts';
export type { CurrentValues } from './revision-watch.ts';
export {
  type RequestedService,
  type RotateByHand,
  type RotateRefusal,
  RotateRefused,
  type RotateRequest,
} from './rotate-request.ts';
export { Rotation } from './rotation.ts';
export type { DeliveredTo, RotationPorts, RotationSettings } from './rotation-ports.ts';
export type { RotationStatus, SecretStatus, ServiceStatus } from './status.ts';
export type { LabelProblem, SecretUse, ServiceUses } from './uses.ts';
export {
  type FailedTask,
  type Leadership,
  type LedgerRecord,
  type LedgerStore,
  type Role,
  type RolloutReport,
  RollRefused,
  type Workload,
  type WorkloadChanges,
  type WorkloadSecret,
  type WorkloadSnapshot,
  type Workloads,
  type WorkloadTask,
  type WriteOutcome,
} from './workloads.ts';
