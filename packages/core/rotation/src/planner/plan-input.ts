import type { OrchestratorWords, StartTimes } from '@vault-swarm/provider';
import type { BindingState } from '../bindings/binding-state.ts';
import type { ServiceBindings } from '../bindings/secret-binding.ts';
import type { LedgerDocument, OpenRollout } from '../ledger/ledger.ts';
import type { FailedTask } from '../ports/orchestrator.ts';
import type { RotationPolicy } from '../ports/rotation-ports.ts';
import type { Answered, CurrentValue } from '../tasks/task-revision.ts';
import type { Ramp } from './ramp.ts';
import type { Pace } from './rollout-pace.ts';
import type { Stability, TrackedRollout } from './rollout-tracker.ts';
import type { Availability } from './service-state.ts';

/** Everything that a plan depends on. */
export interface PlanInput {
  readonly nowMs: number;
  readonly services: readonly ServiceBindings[];
  /**
   * The provider's current value of a ref; `undefined` if it is not known (yet). Each answer is the same for the whole
   * plan.
   */
  readonly current: (refKey: string) => CurrentValue | undefined;
  readonly answered: Answered;
  readonly ledger: LedgerDocument;
  readonly policy: RotationPolicy;
  /** See `Orchestrator.words`. */
  readonly words?: OrchestratorWords | undefined;
  /** When rotations may start, unless the secret's labels say otherwise. */
  readonly startTimes: StartTimes;
  /** What this process has seen of an open rollout: for how long, and whether its update was applied. */
  readonly watched: (serviceId: string, open: OpenRollout) => TrackedRollout;
  /** For how long this process has seen a service unchanged. */
  readonly stability: (serviceId: string) => Stability;
  /** How the rollouts of a service follow each other. */
  readonly pace: (serviceId: string) => Pace;
  /** Whether a replaced value of a ref can still be delivered. */
  readonly lastGood: (refKey: string, revision: string) => Availability;
  /** The failed tasks of the services that need them for a decision, by service id. */
  readonly failures: ReadonlyMap<string, readonly FailedTask[]>;
  /** Why the provider delivers no value of a ref; `null` if it delivers one, or does not answer. */
  readonly undeliverable: (refKey: string) => string | null;
  /** When the first credential that tasks of a service use ends, in milliseconds since 1970; by default none does. */
  readonly leaseEndMs?: (serviceId: string) => number;
  /** Updates that the orchestrator rejected permanently, by service id. */
  readonly rejections: ReadonlyMap<string, string>;
  /** How many rollouts succeeded. */
  readonly ramp: Ramp;
  /** The bindings of a service in an earlier plan; empty if there was none. Unchanged bindings keep their objects. */
  readonly earlierUses: (serviceId: string) => readonly BindingState[];
}
