import type { Clock } from '@vault-swarm/kernel';
import { ProviderError } from '@vault-swarm/provider';
import type { CallTarget, SecretsClient } from './client.ts';
import type { RequestedSecret, SecretStates } from './secret-state.ts';
import { BATCH, readInBatches } from './version-lookup.ts';

/** In this time each secret is read once: somewhat less than an hour, since passes do not come to the second. */
const ROUND_MS = 58 * 60_000;
/** How long a refusal to read many at once is believed, */
const REFUSED_FOR_MS = 60 * 60_000;
/** and how long they are read one by one after another failure of that. */
const FAILED_FOR_MS = 5 * 60_000;
/** Nobody asks any more about a secret whose turn was so long ago. */
const FORGOTTEN_AFTER_MS = 3 * ROUND_MS;

interface Turn {
  /** When it was read last, in monotonic milliseconds. */
  atMs: number;
  /** How often only a read by itself could tell. */
  conflicts: number;
}

/**
 * Makes sure that we still may read the secrets of one region. Lists and descriptions have rules of their own in a policy, so
 * that they may go on saying that nothing has changed. So each secret is read once an hour, evenly spread: twenty a call, where
 * the policy allows that. It decides nothing: where such a call does not give the value, or is not allowed, the secret is
 * doubted, and read by itself.
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

  /** How often the secret was doubted. Its marker is another one each time, so that it is read. */
  conflicts(secretId: string): number {
    return this.#turns.get(secretId)?.conflicts ?? 0;
  }

  /** Reads, or doubts, those whose turn it is, of the secrets that are there. What fails is tried again in the next pass. */
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

  /** The secrets that this pass has not read, those first that were not read for longest. */
  #unread(requested: readonly RequestedSecret[], states: SecretStates, nowMs: number): readonly RequestedSecret[] {
    for (const [secretId, { atMs }] of this.#turns) {
      if (nowMs - atMs >= FORGOTTEN_AFTER_MS && !states.has(secretId)) this.#turns.delete(secretId);
    }
    const unread: RequestedSecret[] = [];
    for (const secret of requested) {
      const state = states.get(secret.secretId);
      if (state?.kind !== 'found') continue;
      // One that is new here has a marker that nobody knows, and so is read.
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

  /** What a read of many at once tells; `null` where it told nothing. */
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
