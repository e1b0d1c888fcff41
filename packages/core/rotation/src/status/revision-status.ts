import { type BindingState, pendingTasks } from '../bindings/binding-state.ts';
import type { LedgerDocument, OpenRollout, Quarantine } from '../ledger/ledger.ts';
import { isKnown, type SecretVersion, sameValue, untagRevision } from '../ledger/secret-version.ts';
import type { Workload } from '../ports/orchestrator.ts';
import type { RevisionState, SecretTaskRevisions, ServiceStatus, TaskRevisionCount } from './status.ts';

/** Which revisions of a secret a service's running tasks have, in the operator's terms. */
export function taskRevisionsOf(
  { binding, desired, actual }: BindingState,
  runningTasks: number,
  ledger: LedgerDocument | null,
  quarantines: readonly Quarantine[],
): SecretTaskRevisions {
  const newest = ledger?.secrets[binding.key];
  // If the provider has not answered yet, the ledger's last known value counts as current.
  const current = desired ?? newest;
  // The pass that quarantines a value has planned with the value itself as the desired one.
  const quarantine = quarantines.find(({ failed }) => binding.key in failed);
  const [failed, lastGood] = [quarantine?.failed[binding.key], quarantine?.lastGood[binding.key]];
  const stateOf = (value: SecretVersion): RevisionState => {
    if (lastGood !== undefined) return sameValue(value, lastGood) ? 'held-back' : 'outdated';
    return current !== undefined && sameValue(value, current) ? 'current' : 'outdated';
  };
  const counts = new Map<string, { readonly value: SecretVersion; tasks: number }>();
  let unknown = runningTasks;
  for (const { value } of actual) {
    if (!isKnown(value)) continue;
    unknown -= 1;
    const counted = counts.get(value.revision);
    if (counted === undefined) counts.set(value.revision, { value, tasks: 1 });
    else counted.tasks += 1;
  }
  const revisions: TaskRevisionCount[] = [...counts.values()].map(({ value, tasks }) => ({
    revision: untagRevision(value.revision),
    tasks,
    state: stateOf(value),
  }));
  if (unknown > 0) revisions.push({ revision: null, tasks: unknown, state: 'unknown' });
  const atProvider = failed ?? newest ?? desired;
  return {
    secret: binding.secret.name,
    providerRevision: atProvider === undefined ? null : untagRevision(atProvider.revision),
    heldBackRevision: lastGood === undefined ? null : untagRevision(lastGood.revision),
    revisions: revisions.sort((a, b) => b.tasks - a.tasks),
  };
}

/** The progress of a rollout. */
export function progressOf(
  { tasks }: Workload,
  rollout: OpenRollout,
  bindings: readonly BindingState[],
): Pick<NonNullable<ServiceStatus['rollout']>, 'tasksDone' | 'tasksTotal'> {
  // By id, since the service may have been observed again after the plan.
  const without = new Set(bindings.flatMap((known) => pendingTasks(rollout, known)).map(({ id }) => id));
  const living = tasks.filter(({ state }) => state !== 'ended');
  const done = living.filter((task) => task.state === 'running' && !without.has(task.id));
  return { tasksDone: done.length, tasksTotal: living.length };
}
