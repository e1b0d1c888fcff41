import {
  type AccessGuard,
  consumerKey,
  describeRef,
  type LabelReader,
  ProviderError,
  type RotateMode,
  RotationWindow,
  type SecretRef,
  type StartTimes,
} from '@vault-swarm/provider';
import type { Workload, WorkloadSecret, WorkloadSnapshot } from '../ports/orchestrator.ts';

/** For a credential that ends. */
const ALWAYS = { startTimes: { window: RotationWindow.always, debounceMs: 0 } };

/** One service's use of one secret. Without a path label, its ref depends on the service. */
export interface SecretBinding {
  readonly secret: WorkloadSecret;
  /** The secret's key in the ledger: its id, with the service id before it if each service has its own value. */
  readonly key: string;
  /** The key that the secret would have if its path label were added or removed. */
  readonly aliasKey: string;
  readonly ref: SecretRef;
  /** The `consumerKey` of the ref and the service. */
  readonly refKey: string;
  readonly rotate: RotateMode;
  /** Why the access policy denies the service the secret. The ref is not read for this service then. */
  readonly denial?: string;
  /** See `SecretLabels.defaultPathReason`. */
  readonly defaultPathReason?: string;
  /** When its rotations may start, as far as its labels say so. */
  readonly startTimes?: Partial<StartTimes>;
}

/** A service and its secrets whose labels are valid. */
export interface ServiceBindings {
  readonly service: Workload;
  readonly bindings: readonly SecretBinding[];
}

/** A secret with invalid labels, and the reason. */
interface LabelProblem {
  readonly secret: WorkloadSecret;
  readonly message: string;
}

/** The access policy denies a service a secret, or would if it were enforced. */
export interface DeniedBinding {
  readonly service: string;
  readonly secret: string;
  readonly provider: string;
  readonly message: string;
  readonly isEnforced: boolean;
}

/** The services with the bindings of their secrets, the label problems, and what the access policy denies. */
export interface ClusterBindings {
  readonly services: readonly ServiceBindings[];
  readonly problems: readonly LabelProblem[];
  readonly denials: readonly DeniedBinding[];
}

/** The result for one service. */
interface Joined {
  readonly secrets: readonly WorkloadSecret[];
  readonly problems: readonly LabelProblem[];
  readonly denials: readonly DeniedBinding[];
  readonly serviceBindings: ServiceBindings;
}

/** Joins successive snapshots with the secrets' labels and the access policy. Unchanged services are not joined again. */
export class UsesJoiner {
  readonly #labels: Pick<LabelReader, 'read'>;
  readonly #access: Pick<AccessGuard, 'check' | 'policy'>;
  #policy: AccessGuard['policy'];
  /** By service. */
  #joined: ReadonlyMap<string, Joined> = new Map();

  constructor(labels: Pick<LabelReader, 'read'>, access: Pick<AccessGuard, 'check' | 'policy'>) {
    this.#labels = labels;
    this.#access = access;
    this.#policy = access.policy;
  }

  /** Reads the labels of every secret in the snapshot, for each service that uses it. */
  join(snapshot: WorkloadSnapshot): ClusterBindings {
    if (this.#policy !== this.#access.policy) this.#joined = new Map();
    this.#policy = this.#access.policy;
    const byId = new Map(snapshot.secrets.map((secret) => [secret.id, secret]));
    const joined = new Map<string, Joined>();
    const problems = new Map<string, LabelProblem>();
    for (const service of snapshot.services) {
      const secrets = service.secretIds.flatMap((id) => byId.get(id) ?? []);
      const known = this.#joined.get(service.id);
      const isKnown =
        known?.serviceBindings.service.name === service.name &&
        known.serviceBindings.service.tenant === service.tenant &&
        known.secrets.length === secrets.length &&
        known.secrets.every((secret, index) => secret === secrets[index]);
      const next = isKnown ? withService(known, service) : this.#joinService(service, secrets);
      joined.set(service.id, next);
      for (const problem of next.problems) problems.set(problem.secret.id, problem);
    }
    this.#joined = joined;
    return {
      services: [...joined.values()].map(({ serviceBindings }) => serviceBindings),
      problems: [...problems.values()],
      denials: [...joined.values()].flatMap(({ denials }) => denials),
    };
  }

  #joinService(service: Workload, secrets: readonly WorkloadSecret[]): Joined {
    const bindings: SecretBinding[] = [];
    const problems: LabelProblem[] = [];
    const denials: DeniedBinding[] = [];
    for (const secret of secrets) {
      try {
        const read = this.#labels.read(secret.labels, secret.name, service.name);
        const { ref, rotate, isPerService, startTimes, defaultPathReason } = read;
        const ofService = `${service.id}/${secret.id}`;
        const isOwn = isPerService || ref.lease !== undefined;
        const [key, aliasKey] = isOwn ? [ofService, secret.id] : [secret.id, ofService];
        // A credential that ends must be replaced in time, whatever the labels say.
        const times = ref.lease !== undefined ? ALWAYS : startTimes === undefined ? {} : { startTimes };
        const denial = this.#access.check({ service: service.name, stack: service.tenant }, ref);
        if (denial !== null) {
          denials.push({ service: service.name, secret: secret.name, provider: ref.provider, ...denial });
        }
        bindings.push({
          ...{ secret, key, aliasKey, ref },
          refKey: consumerKey(ref, service.id),
          rotate: ref.lease === undefined ? rotate : 'auto',
          ...times,
          ...(denial?.isEnforced === true ? { denial: denial.message } : {}),
          ...(defaultPathReason === undefined ? {} : { defaultPathReason }),
        });
      } catch (error) {
        if (!(error instanceof ProviderError)) throw error;
        problems.push({ secret, message: error.message });
      }
    }
    return { secrets, problems, denials, serviceBindings: { service, bindings } };
  }
}

function withService(known: Joined, service: Workload): Joined {
  if (known.serviceBindings.service === service) return known;
  return { ...known, serviceBindings: { service, bindings: known.serviceBindings.bindings } };
}

const NONE: readonly string[] = [];

/** The possible ledger keys of a service's secrets whose labels can't be read now. */
export function unresolvedKeys(service: Workload, bindings: readonly SecretBinding[]): readonly string[] {
  if (bindings.length === service.secretIds.length) return NONE;
  const read = new Set(bindings.map(({ secret }) => secret.id));
  return service.secretIds.filter((id) => !read.has(id)).flatMap((id) => [id, `${service.id}/${id}`]);
}

/**
 * The possible ledger keys of a service's secrets without a binding. Their records are kept: the labels can't be read
 * now, or the service may use the secret again, since its update is not completed.
 */
export function unboundKeys(service: Workload, bindings: readonly SecretBinding[]): readonly string[] {
  const former = service.formerSecretIds.flatMap((id) => [id, `${service.id}/${id}`]);
  return [...unresolvedKeys(service, bindings), ...former];
}

/** Whether the rotation may roll a service for this binding without a request. */
export function rotatesAutomatically(binding: SecretBinding): boolean {
  return binding.rotate === 'auto' && binding.ref.pin === undefined;
}

/** The ref of a binding, for people. */
export function describeBinding(binding: SecretBinding): string {
  return describeRef(binding.ref);
}
