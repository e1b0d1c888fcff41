import type { TimeSlices } from '@vault-swarm/kernel';
import { type BindingState, targetsDesired, waitsForNodes } from '../bindings/binding-state.ts';
import { changedValues, isOfRollout, type OpenRollout, type Values } from '../ledger/ledger.ts';
import type { SecretVersion } from '../ledger/secret-version.ts';
import type { Decision } from './decision.ts';
import { type FailedValue, FailedValues, failedValues } from './failed-values.ts';
import { fairTurns } from './fair-turns.ts';
import type { PlanInput } from './plan-input.ts';
import { planRollout, stoppedIntent } from './plan-rollout.ts';
import type { OwnServiceState, PreparedService } from './prepare-service.ts';
import { nextRamp, Places, type Ramp } from './ramp.ts';
import { isHalted, isUpdating } from './service-state.ts';

/** A service and the decision about it. */
export interface DecidedService extends PreparedService {
  readonly decision: Decision;
}

/**
 * Decides about each service. The one that waits longest comes first, and tenants take turns. A newly found failed
 * value also stops services that were already decided. So everything is decided again then.
 */
export async function decideAll(
  serviceStates: readonly PreparedService[],
  { policy, ramp }: Pick<PlanInput, 'policy' | 'ramp'>,
  slices: TimeSlices,
): Promise<{ readonly decided: readonly DecidedService[]; readonly ramp: Ramp }> {
  const known = serviceStates.flatMap(({ serviceState }) => failedValues(serviceState));
  const found: FailedValue[] = [];
  for (;;) {
    const failed = new FailedValues([...known, ...found]);
    const failedNow = new FailedValues(found);
    const revisions = found.map(({ value }) => value.revision);
    const inForce = nextRamp(ramp, { completed: [], failed: revisions, isIdle: false });
    const asked = serviceStates.map((each) => ({ ...each, serviceState: withoutFailed(each.serviceState, failedNow) }));
    const places = new Places(policy, inForce);
    const forService = ({ service }: OwnServiceState) => ({
      hasCapacity: (values: Values) => places.has(values),
      failedIn: (key: string, value: SecretVersion) => failed.failedIn(service.id, key, value),
    });
    const takenBy = new Map<string, number>();
    const take = ({ service }: OwnServiceState, rollout: OpenRollout) => {
      places.take(rollout);
      const tenant = tenantOf({ service });
      takenBy.set(tenant, (takenBy.get(tenant) ?? 0) + 1);
    };
    for (const { serviceState } of asked) {
      if (slices.isOver) await slices.next();
      const { rollout } = serviceState.entry;
      if (rollout === null || !isRolling(serviceState)) continue;
      if (stoppedIntent({ ...serviceState, ...forService(serviceState) }, rollout) === null)
        take(serviceState, rollout);
    }
    const decided: DecidedService[] = [];
    const inTurn = fairTurns(
      asked,
      ({ serviceState }) => tenantOf(serviceState),
      (tenant) => takenBy.get(tenant) ?? 0,
    );
    for (const each of inTurn) {
      if (slices.isOver) await slices.next();
      const decision = planRollout({ ...each.serviceState, ...forService(each.serviceState) });
      const { rollout } = decision.entry;
      if (decision.roll !== null && rollout !== null && !isRolling(each.serviceState)) take(each.serviceState, rollout);
      decided.push({ ...each, decision });
    }
    const failures = decided.flatMap(({ serviceState, decision: { entry, heldAgainst } }) => {
      return failedValues({ ...serviceState, entry }, heldAgainst).filter((value) => !failed.has(value));
    });
    if (failures.length > 0) {
      found.push(...failures);
      continue;
    }
    const completed = decided.flatMap(({ serviceState: { entry }, decision }) => {
      const isCompleted = decision.events.some(({ type }) => type === 'rollout.completed');
      return isCompleted && entry.rollout !== null ? [entry.rollout] : [];
    });
    return { decided, ramp: nextRamp(inForce, { completed, failed: revisions, isIdle: places.areIdle }) };
  }
}

function tenantOf({ service }: Pick<OwnServiceState, 'service'>): string {
  return service.tenant ?? '';
}

/** Removes requests for a value that has just failed in another service, unless this service's rollout already brings it. */
function withoutFailed(serviceState: OwnServiceState, failed: FailedValues): OwnServiceState {
  const { entry, bindings, service } = serviceState;
  if (entry.requested.length === 0) return serviceState;
  const { rollout } = entry;
  const isOver = (key: string) => {
    const known = bindings.find(({ binding }) => binding.key === key);
    if (known?.desired === undefined || failed.failedIn(service.id, key, known.desired) === undefined) return false;
    return rollout === null || rollout.state === 'failed' || !isBroughtBy(rollout, known);
  };
  return { ...serviceState, entry: { ...entry, requested: entry.requested.filter((key) => !isOver(key)) } };
}

/** Whether the rollout brings the desired value of a secret to tasks that did not have it. */
function isBroughtBy(rollout: OpenRollout, known: BindingState): boolean {
  return known.binding.key in changedValues(rollout) && targetsDesired(rollout, known);
}

/**
 * Whether the service takes one of the places for parallel rollouts. It does so from the intent on, since the
 * orchestrator may need a while to report the start.
 */
function isRolling({ service, entry, bindings }: OwnServiceState): boolean {
  const { rollout } = entry;
  if (rollout?.state !== 'open' || isHalted(service)) return false;
  if (!isUpdating(service) && waitsForNodes(rollout, bindings)) return false;
  return !isOfRollout(entry, service.generation) || service.rollout.state !== 'completed';
}
