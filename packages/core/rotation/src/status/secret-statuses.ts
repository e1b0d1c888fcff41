import { explainDefaultPath, isOutageCode, type ProviderError } from '@vault-swarm/provider';
import { type ClusterBindings, describeBinding, type SecretBinding } from '../bindings/secret-binding.ts';
import type { LedgerDocument } from '../ledger/ledger.ts';
import type { WorkloadSecret } from '../ports/orchestrator.ts';
import type { CurrentValue } from '../tasks/task-revision.ts';
import type { RefusedDeliveries, RefusedDelivery } from './refused-deliveries.ts';
import type { PolledProvider } from './rotation-problems.ts';
import type { SecretStatus } from './status.ts';

/** The state of one provider, and of the refs that are polled there. */
interface PolledRefs extends PolledProvider {
  /** The current value as of the latest poll that could determine it. */
  current(refKey: string): CurrentValue | undefined;
  /** Why the latest poll gave no value for the ref. */
  error(refKey: string): ProviderError | undefined;
}

/** One secret and the services that use it. */
interface SecretUse {
  readonly binding: SecretBinding;
  readonly services: string[];
  /** Why no service may read it; `null` if one may. */
  denial: SecretStatus['problem'];
}

/** The polled state of a provider, by its name. */
export type FindPolled = (provider: string) => PolledRefs | undefined;

/** What the status of a secret depends on. */
interface SecretStatusInput {
  readonly uses: ClusterBindings;
  readonly ledger: LedgerDocument | null;
  readonly polledOf: FindPolled;
  readonly refusals: RefusedDeliveries;
}

/** The status of each secret of this driver, used or not. */
export function secretStatuses(
  secrets: readonly WorkloadSecret[],
  { uses, ledger, polledOf, refusals }: SecretStatusInput,
): readonly SecretStatus[] {
  const seenAtMs = (key: string) => ledger?.secrets[key]?.seenAtMs ?? null;
  const usedBy = new Map<string, SecretUse>();
  for (const { service, bindings } of uses.services) {
    for (const binding of bindings) {
      const known = usedBy.get(binding.secret.id);
      const denial =
        binding.denial === undefined ? null : ({ code: 'POLICY_DENIED', message: binding.denial } as const);
      if (known === undefined) {
        usedBy.set(binding.secret.id, { binding, services: [service.name], denial });
        continue;
      }
      known.services.push(service.name);
      if (denial === null) known.denial = null;
    }
  }
  const wrong = new Map(
    uses.problems.map(({ secret, message }) => [secret.id, { code: 'INVALID_REF', message } as const]),
  );
  return secrets.map(({ id, name }) => {
    const used = usedBy.get(id);
    if (used === undefined) {
      const services = uses.services.filter(({ service }) => service.secretIds.includes(id));
      return {
        ...UNUSED,
        name,
        services: services.map(({ service }) => service.name),
        problem: wrong.get(id) ?? null,
      };
    }
    const { binding, services } = used;
    const watch = polledOf(binding.ref.provider);
    const current = watch?.current(binding.refKey);
    return {
      name,
      services,
      provider: binding.ref.provider,
      ref: describeBinding(binding),
      rotate: binding.rotate,
      pinned: binding.ref.pin !== undefined,
      revision: binding.ref.pin ?? current?.revision ?? null,
      changedAtMs: current?.createdAtMs ?? (current === undefined ? null : seenAtMs(binding.key)),
      problem:
        wrong.get(id) ??
        used.denial ??
        problemFrom(watch?.error(binding.refKey), binding) ??
        refusedProblem(refusals.of(name), current !== undefined),
    };
  });
}

function problemFrom(error: ProviderError | undefined, { defaultPathReason }: SecretBinding): SecretStatus['problem'] {
  return error === undefined ? null : { code: error.code, message: explainDefaultPath(error, defaultPathReason) };
}

/**
 * Why a request got no value. A request that took too long is an outage of the provider.
 * @param isPolled whether a poll has the value: then it would have seen every other reason too, so that is over.
 */
export function refusedProblem(refused: RefusedDelivery | null, isPolled: boolean): SecretStatus['problem'] {
  if (refused === null) return null;
  const code = refused.code === 'DEADLINE' ? 'UNAVAILABLE' : refused.code;
  return isPolled && !isOutageCode(code) ? null : { code, message: refused.message };
}

const UNUSED = {
  provider: null,
  ref: null,
  rotate: 'auto',
  pinned: false,
  revision: null,
  changedAtMs: null,
  services: [],
} as const;
