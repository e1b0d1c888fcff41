import { type Clock, SingleFlight } from '@vault-swarm/kernel';
import { ProviderError } from '@vault-swarm/provider';
import type { VaultClient } from '../client.ts';
import { lookupToken } from './token-lookup.ts';
import type { TokenUses } from './token-uses.ts';

/** How long the answer "the token is alive" is taken for true, so that many refusals at once ask once. */
const ALIVE_FOR_MS = 1_000;

/** Whether a token is alive, as far as the server was asked. */
export class TokenLiveness {
  readonly #client: VaultClient;
  readonly #clock: Clock;
  readonly #lookups = new SingleFlight<boolean>({ finish: true });
  #alive: { readonly token: string; readonly untilMs: number } | undefined;

  constructor(client: VaultClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** Whether it was alive a moment ago. */
  isKnown(token: string): boolean {
    return this.#alive?.token === token && this.#clock.monotonic() < this.#alive.untilMs;
  }

  /**
   * Asks the server, once for all who ask at the same time. That costs the token one of its uses.
   * @throws {ProviderError} where the server can't say now.
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
      () => new ProviderError('UNAVAILABLE', `looking up our token at ${this.#client.server} was cut off`),
    );
  }

  /** Cuts off what is asked. */
  close(): void {
    this.#lookups.abortAll();
  }
}
