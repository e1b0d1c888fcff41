export type { HeldValue } from './held-value.ts';
export type { Answered, CurrentValue } from './holdings.ts';
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
} from './ledger.ts';
export { parseLedger, serialiseLedger } from './ledger-text.ts';
export type { LocksDown } from './lockdown.ts';
export { type Plan, type PlanInput, plan, type ServicePlan } from './plan.ts';
export { RAMP_START, type Ramp } from './ramp.ts';
export {
  type PlannedService,
  type PreviewRequest,
  type RequestedService,
  type RotateByHand,
  type RotateRefusal,
  RotateRefused,
  type RotateRequest,
} from './rotate-request.ts';
export { Rotation } from './rotation.ts';
export type { AskedFor, DeliveredTo, IntendedRevision, RotationPorts, RotationSettings } from './rotation-ports.ts';
export type { ProbeOutcome, ServedValues } from './served-values.ts';
export type { Availability, RollAction, RotationPolicy } from './situation.ts';
export type { HeldRevision, RotationStatus, SecretHoldings, SecretStatus, ServiceStatus } from './status.ts';
export type { LabelProblem, SecretUse, ServiceUses } from './uses.ts';
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
} from './workloads.ts';
