import type { ProductEvent } from '@vault-swarm/provider';
import { type BindingState, outdatedTasks, withEarlier } from '../bindings/binding-state.ts';
import { type ServiceBindings, unboundKeys, unresolvedKeys } from '../bindings/secret-binding.ts';
import {
  type LedgerDocument,
  type LedgerSecret,
  type LedgerService,
  NOTHING_OPEN,
  quarantineOf,
} from '../ledger/ledger.ts';
import { isOfRef, untagRevision } from '../ledger/secret-version.ts';
import { addPreviousValue } from '../tasks/previous-values.ts';
import { actualVersion, desiredVersion } from '../tasks/task-revision.ts';
import type { PlanInput } from './plan-input.ts';
import { releaseOutdated } from './quarantine.ts';
import { NOT_TRACKED } from './rollout-tracker.ts';
import type { ServiceState } from './service-state.ts';

/** A service state without what depends on the other services. */
export type OwnServiceState = Omit<ServiceState, 'hasCapacity' | 'failedIn'>;

/** A service before the decision about it. */
export interface PreparedService {
  readonly serviceBindings: ServiceBindings;
  readonly serviceState: OwnServiceState;
  readonly released: readonly ProductEvent[];
}

/** The service state from the observation, the ledger and the providers. Quarantines for which there is a newer value end. */
export function prepareService(
  serviceBindings: ServiceBindings,
  input: PlanInput,
  secrets: Readonly<Record<string, LedgerSecret>>,
  replaced: ReadonlyMap<string, LedgerSecret>,
): PreparedService {
  const { service, bindings } = serviceBindings;
  const stored = input.ledger.services[service.id] ?? NOTHING_OPEN;
  const { entry: inForce, released } = releaseOutdated(stored, serviceBindings, input.current);
  const recorded = recordReplaced(inForce, stored, serviceBindings, replaced, input.ledger);
  const known = bindingStates(serviceBindings, recorded, input, secrets);
  const unread = unresolvedKeys(service, bindings);
  const isOpen = (key: string) => unread.includes(key) || isStillRequested(key, recorded, known);
  const entry = { ...recorded, requested: recorded.requested.filter(isOpen) };
  const open = entry.rollout;
  const watched = open === null ? NOT_TRACKED : input.watched(service.id, open);
  const bindingOf = (key: string) => bindings.find((binding) => binding.key === key);
  return {
    serviceBindings,
    released: released.map(({ failed }) => ({
      type: 'quarantine.ended',
      service: service.name,
      secrets: bindings.filter(({ key }) => key in failed).map(({ secret }) => secret.name),
      reason: 'newer',
    })),
    serviceState: {
      nowMs: input.nowMs,
      service,
      entry,
      bindings: known,
      unread,
      undeliverable: bindings.flatMap(({ refKey, secret, denial }) => {
        const reason = denial ?? input.undeliverable(refKey);
        return reason === null ? [] : [{ secret: secret.name, reason }];
      }),
      policy: input.policy,
      words: input.words,
      startTimes: input.startTimes,
      noticed: (key) => secrets[key]?.noticed,
      isLockedDown: input.ledger.lockdown !== null,
      openForMs: watched.forMs,
      seenApplied: watched.applied,
      seenRolledBack: watched.rolledBack,
      continuouslyObserved: watched.applied && watched.continuouslyObserved,
      startedByThisProcess: watched.startedByThisProcess,
      overtaken: watched.overtaken,
      ...input.stability(service.id),
      pauseMs: input.pace(service.id).pauseMs,
      leaseEndMs: input.leaseEndMs?.(service.id) ?? Number.POSITIVE_INFINITY,
      rejection: input.rejections.get(service.id),
      failures: input.failures.get(service.id) ?? null,
      given: (taskId, key) => input.answered(taskId, bindingOf(key)?.secret.name ?? ''),
      lastGood: (key, value) => {
        const binding = bindingOf(key);
        if (binding === undefined || !isOfRef(value, binding.refKey)) return 'unavailable';
        return input.lastGood(binding.refKey, untagRevision(value.revision));
      },
    },
  };
}

/**
 * Records the replaced values. Tasks that are older than a change have the previous value until another one is known.
 * An open rollout or a quarantine already says what the tasks have. A secret whose path label was added or removed had
 * another key before. A secret that may be used again can change in the meantime.
 */
function recordReplaced(
  entry: LedgerService,
  stored: LedgerService,
  { service, bindings }: ServiceBindings,
  replaced: ReadonlyMap<string, LedgerSecret>,
  ledger: LedgerDocument,
): LedgerService {
  let { previousValues } = entry;
  const note = (key: string, value: LedgerSecret | undefined) => {
    const isKnownOtherwise = quarantineOf(stored, key) !== undefined || key in (entry.rollout?.target ?? {});
    if (value !== undefined && !isKnownOtherwise)
      previousValues = addPreviousValue(previousValues, key, value, service.tasks);
  };
  for (const { key, aliasKey } of bindings) {
    note(key, replaced.get(key) ?? (ledger.secrets[key] === undefined ? ledger.secrets[aliasKey] : undefined));
  }
  for (const key of unboundKeys(service, bindings)) note(key, replaced.get(key));
  return { ...entry, previousValues };
}

function bindingStates(
  { service, bindings }: ServiceBindings,
  entry: LedgerService,
  { current, answered, ledger, nowMs, earlierUses }: PlanInput,
  secrets: Readonly<Record<string, LedgerSecret>>,
): readonly BindingState[] {
  const running = service.tasks.filter(({ state }) => state === 'running');
  const known = bindings
    .filter(({ ref }) => ref.pin === undefined)
    .map((binding): BindingState => {
      const now = current(binding.refKey);
      const actual: BindingState['actual'][number][] = [];
      for (const task of running) {
        const value = actualVersion(task, binding, now, answered, ledger, entry);
        if (value !== undefined) actual.push({ task, value });
      }
      const seenAtMs = quarantineOf(entry, binding.key)?.sinceMs ?? secrets[binding.key]?.seenAtMs ?? nowMs;
      return { binding, desired: desiredVersion(entry, binding.key, now), seenAtMs, actual };
    });
  return withEarlier(known, earlierUses(service.id));
}

/**
 * Whether a request is still open. It ends when no task is outdated and no rollout targets the secret, or the secret is
 * no longer rotated.
 */
function isStillRequested(key: string, { rollout }: LedgerService, known: readonly BindingState[]): boolean {
  const binding = known.find((candidate) => candidate.binding.key === key);
  if (binding === undefined || binding.binding.rotate === 'off') return false;
  return (
    binding.desired === undefined || outdatedTasks(binding).length > 0 || (rollout !== null && key in rollout.target)
  );
}
