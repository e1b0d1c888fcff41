// Where workers get their keys. What a worker is given is decided by the rotation, and told to it afterwards: that is how
// it knows which worker still has an old key.
import {
  type CallOptions,
  type LabelReader,
  type ProviderInstance,
  refKey,
  type SecretRef,
  type SecretRevision,
} from '@vault-swarm/provider';
import type { Rotation, ValueCache, WorkloadSecret } from '@vault-swarm/rotation';

/** How long a worker waits for the rotation to say which key it gets. */
const CHOICE_MS = 300;

/** A worker that starts asks for a secret of its service. */
export interface KeyRequest {
  readonly service: { readonly id: string; readonly name: string };
  readonly workerId: string;
  readonly secret: WorkloadSecret;
}

export class KeyServer implements ValueCache {
  readonly #provider: ProviderInstance;
  readonly #labels: LabelReader;
  #rotation: Pick<Rotation, 'choose' | 'record'> | null = null;
  /** By ref, then by revision, the latest last. */
  readonly #known = new Map<string, Map<string, SecretRevision>>();
  #isLockedDown = false;

  constructor(provider: ProviderInstance, labels: LabelReader) {
    this.#provider = provider;
    this.#labels = labels;
  }

  /** The rotation needs the key server, and the key server the rotation: so one of them is set later. */
  attach(rotation: Pick<Rotation, 'choose' | 'record'>): void {
    this.#rotation = rotation;
  }

  async give({ service, workerId, secret }: KeyRequest): Promise<string> {
    const { ref } = this.#labels.read(secret.labels, secret.name, service.name);
    const untilMs = performance.now() + CHOICE_MS;
    const asked = { serviceId: service.id, taskId: workerId, secretName: secret.name, refKey: refKey(ref), untilMs };
    const intended = (await this.#rotation?.choose(asked)) ?? { kind: 'current' };
    const given =
      intended.kind === 'revision'
        ? (this.#known.get(asked.refKey)?.get(intended.revision) ?? (await this.#otherwise(intended.otherwise, ref)))
        : await this.#readCurrent(ref);
    this.#rotation?.record({ ...asked, provider: ref.provider, revision: given.revision, value: given.value });
    return new TextDecoder().decode(given.value.reveal());
  }

  refresh(ref: SecretRef, { signal }: CallOptions): Promise<SecretRevision> {
    return this.#readCurrent(ref, signal);
  }

  /** Keys are read again for each worker, so none grows old here. */
  revalidate(): void {}

  /** Nor does a read give an older key than somebody else has seen. */
  seen(): void {}

  newest(): undefined {}

  /** A file is there or not: nobody waits for it, however its probes end. */
  reportProbe(): void {}

  /** In an incident no key is kept. */
  lockDown(active: boolean): void {
    this.#isLockedDown = active;
    if (active) this.#known.clear();
  }

  /** Beside those that are named, the latest two stay: a rollout that starts now will name the one before. */
  pin(revisions: ReadonlyMap<string, ReadonlySet<string>>): void {
    for (const [key, known] of this.#known) {
      const older = [...known.keys()].slice(0, -2);
      for (const revision of older) if (!revisions.get(key)?.has(revision)) known.delete(revision);
    }
  }

  /** The file keeps no old keys: a revision that is not here any more is gone. */
  async ensureCached(ref: SecretRef, revision: string): Promise<boolean> {
    return this.#known.get(refKey(ref))?.has(revision) ?? false;
  }

  async #readCurrent(ref: SecretRef, signal = AbortSignal.timeout(2_000)): Promise<SecretRevision> {
    const read = await this.#provider.secrets.read(ref, { signal });
    if (this.#isLockedDown) return read;
    const known = this.#known.get(refKey(ref)) ?? new Map<string, SecretRevision>();
    this.#known.set(refKey(ref), known.set(read.revision, read));
    return read;
  }

  #otherwise(otherwise: 'current' | 'refuse', ref: SecretRef): Promise<SecretRevision> {
    if (otherwise === 'current') return this.#readCurrent(ref);
    throw new Error('the last good key is gone, and the newer one is not to be given');
  }
}
