import type { OpenRollout, SecretVersion, Values } from '@vault-swarm/rotation/ledger-format';

/** The values of a rollout that are not those before it. */
export function changedValues({ target, lastGood }: OpenRollout): Values {
  return Object.fromEntries(Object.entries(target).filter(([key, value]) => !isSame(lastGood[key], value)));
}

/** Whether the ledger says that two values are the same. */
export function isSame(a: SecretVersion | undefined, b: SecretVersion): boolean {
  return a !== undefined && (a.revision === b.revision || (a.digest !== null && a.digest === b.digest));
}
