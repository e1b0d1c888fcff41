import { type Clock, SingleFlight } from '@vault-swarm/kernel';
import { ProviderError } from '@vault-swarm/provider';
import type { VaultClient } from '../client.ts';
import { lookupToken } from './token-lookup.ts';
import type { TokenUses } from './token-uses.ts';

/** How long a token counts as valid after a lookup, so that many rejections at once cause one lookup. */
const ALIVE_FOR_MS = 1_000;

/** Whether a token is valid, by lookups. */
export class TokenLiveness {
  readonly #client: VaultClient;
  readonly #clock: Clock;
  readonly #lookups = new SingleFlight<boolean>({ finish: true });
  #alive: { readonly token: string; readonly untilMs: number } | undefined;

  constructor(client: VaultClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** Whether it was valid a moment ago. */
  isKnown(token: string): boolean {
    return this.#alive?.token === token && this.#clock.monotonic() < this.#alive.untilMs;
  }

  /**
   * Looks the token up, once for all concurrent callers. That costs the token one of its uses.
   * @throws {ProviderError} if the server can't say now.
   */
  ask(token: string, uses: TokenUses | null, signal: AbortSignal): Promise<boolean> {
    return this.#lookups.join(
      token,
      signal,
      async (own) => {
        const requestedAtMs = this.#clock.monotonic();
        uses?.take();
        const state = await lookupToken(this.#client, token, own);
        if (!state.alive) return false;
        this.#alive = { token, untilMs: requestedAtMs + ALIVE_FOR_MS };
        if (state.uses !== null) uses?.correct(state.uses);
        return true;
      },
      () => new ProviderError('UNAVAILABLE', `looking up the token at ${this.#client.server} was aborted`),
    );
  }

  /** Aborts lookups in flight. */
  close(): void {
    this.#lookups.abortAll();
  }
}
