import { type Clock, withDeadline } from '@vault-swarm/kernel';
import {
  type AccessGuard,
  type CheckedSecret,
  type CheckOptions,
  type ChecksSecrets,
  type DeliveryErrorCode,
  describeRef,
  type LabelReader,
  parseFields,
  type SecretLabels,
  type SecretRef,
  type SecretRevision,
  type SecretToCheck,
} from '@vault-swarm/provider';
import { decrypt, type FindDecryptor } from './decrypted-values.ts';
import { checkSize, explainDeliveryError } from './delivery-error.ts';
import type { FindProvider } from './provider-reads.ts';

/**
 * How long a check may take, with all its reads: it is no request of a task, and may wait for a provider that is slow.
 */
const DEADLINE_MS = 5_000;

/** With one of these codes, the provider has answered, and may have other fields. */
const ANSWERED: ReadonlySet<DeliveryErrorCode> = new Set(['NOT_FOUND', 'INVALID_PAYLOAD']);

const NOTHING = {
  ref: null,
  provider: null,
  rotate: null,
  encoding: null,
  isPinned: false,
  problem: null,
  reportedDenial: null,
  source: 'not-asked',
  revision: null,
  fields: null,
} as const satisfies CheckedSecret;

/** What a check needs. */
export interface SecretCheckPorts {
  readonly labels: Pick<LabelReader, 'read'>;
  readonly access: Pick<AccessGuard, 'check'>;
  readonly findProvider: FindProvider;
  readonly findDecryptor: FindDecryptor;
  readonly clock: Clock;
}

/**
 * Goes the way of a request for a secret, without the cache and without an answer: labels, access policy, provider,
 * decryption, size. Values are wiped. No credential is issued.
 */
export class SecretCheck implements ChecksSecrets {
  readonly #ports: SecretCheckPorts;

  constructor(ports: SecretCheckPorts) {
    this.#ports = ports;
  }

  async check(secret: SecretToCheck, { asksProvider, signal }: CheckOptions): Promise<CheckedSecret> {
    const { labels, access } = this.#ports;
    let read: SecretLabels;
    try {
      read = labels.read(secret.labels, secret.name, secret.service);
    } catch (error) {
      return { ...NOTHING, problem: explainDeliveryError(error, {}, DEADLINE_MS) };
    }
    const { ref, rotate } = read;
    const { provider, encoding, pin } = ref;
    const known = { ...NOTHING, ref: describeRef(ref), provider, rotate, encoding, isPinned: pin !== undefined };
    const denial = access.check(secret, ref);
    if (denial?.isEnforced === true) {
      return { ...known, problem: { code: 'POLICY_DENIED', message: denial.message } };
    }
    const judged = { ...known, reportedDenial: denial?.message ?? null };
    if (ref.lease !== undefined) return { ...judged, source: 'issues' };
    if (!asksProvider) return judged;
    const asked = { ...judged, source: 'read' as const };
    const untilMs = this.#ports.clock.monotonic() + DEADLINE_MS;
    const found = await this.#ask(read, secret.service, signal);
    const { problem } = found;
    // A provider that did not answer is not asked again.
    const fields = problem === null || ANSWERED.has(problem.code) ? await this.#fieldsOf(ref, untilMs, signal) : null;
    return { ...asked, ...found, fields };
  }

  async #ask(
    labels: SecretLabels,
    consumer: string | undefined,
    signal: AbortSignal,
  ): Promise<Pick<CheckedSecret, 'revision' | 'problem'>> {
    const { ref } = labels;
    try {
      return await withDeadline(this.#ports.clock, DEADLINE_MS, signal, async (within) => {
        const { secrets } = await this.#ports.findProvider(ref.provider);
        const read = await secrets.read(ref, { signal: within, ...(consumer === undefined ? {} : { consumer }) });
        const revision = ref.decryption === undefined ? read : await this.#decrypted(ref, read, within);
        try {
          checkSize(ref, revision);
          return { revision: revision.revision, problem: null };
        } finally {
          revision.value.wipe();
        }
      });
    } catch (error) {
      signal.throwIfAborted();
      return { revision: null, problem: explainDeliveryError(error, labels, DEADLINE_MS) };
    }
  }

  async #decrypted(ref: SecretRef, read: SecretRevision, signal: AbortSignal): Promise<SecretRevision> {
    try {
      return { ...read, value: await decrypt(ref, read.value, this.#ports.findDecryptor, signal) };
    } finally {
      read.value.wipe();
    }
  }

  /** The names of all fields: those of the whole secret. A secret that is one text has none. */
  async #fieldsOf(
    { provider, location, pin }: SecretRef,
    untilMs: number,
    signal: AbortSignal,
  ): Promise<readonly string[] | null> {
    const { clock } = this.#ports;
    const leftMs = Math.max(0, untilMs - clock.monotonic());
    const whole: SecretRef = { provider, location, encoding: 'json', ...(pin === undefined ? {} : { pin }) };
    try {
      return await withDeadline(clock, leftMs, signal, async (within) => {
        const { value } = await (await this.#ports.findProvider(provider)).secrets.read(whole, { signal: within });
        try {
          const parsed = parseFields(value.revealText());
          return 'fields' in parsed ? Object.keys(parsed.fields) : null;
        } finally {
          value.wipe();
        }
      });
    } catch {
      // The value's own problem is reported already.
      signal.throwIfAborted();
      return null;
    }
  }
}
