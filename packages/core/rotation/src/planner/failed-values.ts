import { isNewer } from '../bindings/binding-state.ts';
import { changedValues, type Values } from '../ledger/ledger.ts';
import { isOfSameRef, type SecretVersion, sameValue } from '../ledger/secret-version.ts';
import type { ServiceState } from './service-state.ts';

/**
 * A value that made tasks of a service fail. No other service starts with it until a value of the failed set is
 * replaced, or an operator requests it.
 */
export interface FailedValue {
  readonly serviceId: string;
  /** The service's name. */
  readonly service: string;
  /** The secret's key in the ledger. */
  readonly key: string;
  readonly value: SecretVersion;
}

/**
 * The values that made tasks of a service fail. They are in quarantine, in a failed rollout, or in `heldAgainst` while
 * the rollback is being prepared. Which value of a set failed is unknown: once one is replaced, the set proves nothing
 * about the others. If a user rolled the service back, this proves nothing about other services.
 */
export function failedValues(
  { service, entry, bindings }: Pick<ServiceState, 'service' | 'entry' | 'bindings'>,
  heldAgainst: Values = {},
): readonly FailedValue[] {
  const { rollout, quarantines } = entry;
  if (rollout === null && quarantines.length === 0) return NONE;
  const isFailed = rollout?.state === 'failed' && rollout.direction === 'forward';
  const isReplaced = rollout !== null && bindings.some((known) => isNewer(rollout, known));
  const sets = [
    ...quarantines.filter(({ isByUser }) => !isByUser).map(({ failed }) => failed),
    ...(isFailed && !isReplaced ? [changedValues(rollout)] : []),
    heldAgainst,
  ];
  return sets.flatMap((failed) =>
    Object.entries(failed).map(([key, value]) => ({ serviceId: service.id, service: service.name, key, value })),
  );
}

const NONE: readonly FailedValue[] = [];

/** The failed values of all services, to check the values that a service would start with. */
export class FailedValues {
  readonly #values: readonly FailedValue[];

  constructor(values: readonly FailedValue[]) {
    this.#values = values;
  }

  /** The name of another service that has failed with this value of this secret; `undefined` if there is none. */
  failedIn(serviceId: string, key: string, value: SecretVersion): string | undefined {
    return this.#values.find((failed) => failed.serviceId !== serviceId && isSame(failed, key, value))?.service;
  }

  has({ serviceId, key, value }: FailedValue): boolean {
    return this.#values.some(
      (failed) => failed.serviceId === serviceId && failed.key === key && sameValue(failed.value, value),
    );
  }
}

/** Two secrets may have one ref. Equal bytes of different refs are only a coincidence. */
function isSame(failed: FailedValue, key: string, value: SecretVersion): boolean {
  return (failed.key === key || isOfSameRef(failed.value, value)) && sameValue(failed.value, value);
}
