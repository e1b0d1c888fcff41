import type { Clock } from '@vault-swarm/kernel';
import { ProviderError } from '@vault-swarm/provider';
import type { CallTarget, SecretsClient } from './client.ts';
import type { RequestedSecret, SecretStates } from './secret-state.ts';
import { BATCH, readInBatches } from './version-lookup.ts';

/** Each secret is read once in this time: slightly less than an hour, because probes are not exact to the second. */
const ROUND_MS = 58 * 60_000;
/** How long batch reads are not tried after AWS denied them, */
const REFUSED_FOR_MS = 60 * 60_000;
/** and how long after another failure of a batch read. */
const FAILED_FOR_MS = 5 * 60_000;
/** A secret whose last check is this old is no longer requested. */
const FORGOTTEN_AFTER_MS = 3 * ROUND_MS;

interface Turn {
  /** When it was last read, in monotonic milliseconds. */
  atMs: number;
  /** How often the secret was marked for a separate read. */
  conflicts: number;
}

/**
 * Checks that the plugin still has permission to read the secrets of one region. Policies have separate rules for
 * lists and descriptions, which may continue to report "no change". So each secret is read once an hour, evenly
 * spread, 20 per call if the policy allows that. A failed check decides nothing: the secret is marked as suspect and
 * read separately.
 */
export class Capabilities {
  readonly #client: SecretsClient;
  readonly #clock: Clock;
  readonly #turns = new Map<string, Turn>();
  #takenUpToMs: number;
  #singlyUntilMs = Number.NEGATIVE_INFINITY;

  constructor(client: SecretsClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
    this.#takenUpToMs = clock.monotonic();
  }

  /** How often the secret was suspect. Each time its marker changes, so that it is read. */
  conflicts(secretId: string): number {
    return this.#turns.get(secretId)?.conflicts ?? 0;
  }

  /**
   * Checks the existing secrets that are due, and marks those that fail. Other failures are retried in the next probe.
   */
  async check(requested: readonly RequestedSecret[], states: SecretStates, target: CallTarget): Promise<void> {
    const nowMs = this.#clock.monotonic();
    const found = this.#unread(requested, states, nowMs);
    if (found.length === 0) {
      this.#takenUpToMs = nowMs;
      return;
    }
    const isSingly = found.length === 1 || nowMs < this.#singlyUntilMs;
    const size = isSingly ? 1 : BATCH;
    const calls = Math.ceil(found.length / size);
    const everyMs = ROUND_MS / calls;
    const inTurn = Math.floor((nowMs - this.#takenUpToMs) / everyMs);
    const late = Math.ceil(found.filter(({ secretId }) => nowMs - this.#readAtMs(secretId) >= ROUND_MS).length / size);
    const due = Math.min(calls, Math.max(inTurn, late));
    if (due === 0) return;
    const secrets = found.slice(0, due * size);
    const read = isSingly ? new Map() : await this.#read(secrets, target, nowMs);
    if (read === null) return;
    for (const { secretId } of secrets) {
      const conflicts = this.conflicts(secretId) + (read.get(secretId)?.kind === 'found' ? 0 : 1);
      this.#turns.set(secretId, { atMs: nowMs, conflicts });
    }
    this.#takenUpToMs = due === inTurn && due < calls ? this.#takenUpToMs + due * everyMs : nowMs;
  }

  /** The secrets that this probe has not read, longest unread first. */
  #unread(requested: readonly RequestedSecret[], states: SecretStates, nowMs: number): readonly RequestedSecret[] {
    for (const [secretId, { atMs }] of this.#turns) {
      if (nowMs - atMs >= FORGOTTEN_AFTER_MS && !states.has(secretId)) this.#turns.delete(secretId);
    }
    const unread: RequestedSecret[] = [];
    for (const secret of requested) {
      const state = states.get(secret.secretId);
      if (state?.kind !== 'found') continue;
      // A secret that is new here has an unknown marker, and so is read anyway.
      const turn = this.#turns.get(secret.secretId) ?? { atMs: nowMs, conflicts: 0 };
      if (state.onlyCurrent) turn.atMs = nowMs;
      else unread.push(secret);
      this.#turns.set(secret.secretId, turn);
    }
    return unread.sort((a, b) => this.#readAtMs(a.secretId) - this.#readAtMs(b.secretId));
  }

  #readAtMs(secretId: string): number {
    return this.#turns.get(secretId)?.atMs ?? Number.POSITIVE_INFINITY;
  }

  /** The result of a batch read; `null` if there is none. */
  async #read(secrets: readonly RequestedSecret[], target: CallTarget, nowMs: number): Promise<SecretStates | null> {
    try {
      const asked = secrets.map((secret) => ({ ...secret, needsStages: false }));
      return await readInBatches(this.#client, asked, target);
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      if (!target.signal.aborted) this.#singlyUntilMs = nowMs + (error.isOutage ? FAILED_FOR_MS : REFUSED_FOR_MS);
      return null;
    }
  }
}
