import type { Clock } from '@vault-swarm/kernel';
import { ProviderError } from '@vault-swarm/provider';
import type { KeyVaultClient } from './client.ts';
import type { Observation } from './version-markers.ts';

/** How long the list is not requested after our policy denied it. */
const REFUSED_FOR_MS = 5 * 60_000;
/** How long it is remembered that the list is too long. */
const LENGTH_KNOWN_FOR_MS = 60 * 60_000;

/** What the list says about the requested secrets. */
export type Listed =
  /** Secrets that it does not have are missing in the map; `isComplete` is true if they are not in the vault. */
  | { readonly kind: 'listed'; readonly found: ReadonlyMap<string, Observation>; readonly isComplete: boolean }
  /** The list is denied, or has more pages than there are secrets to ask for. */
  | { readonly kind: 'unusable'; readonly problem?: string };

/**
 * Reads the attributes of many secrets by the vault's list: one call for 25 secrets of the vault. It is used if that
 * takes no more calls than to read each secret.
 */
export class VaultList {
  readonly #client: KeyVaultClient;
  readonly #clock: Clock;
  /** The provider's name. */
  readonly #name: string;
  #refusedUntilMs = Number.NEGATIVE_INFINITY;
  /** The list has more than this number of pages. */
  #tooLong: { readonly pages: number; readonly untilMs: number } | undefined;

  constructor(client: KeyVaultClient, clock: Clock, name: string) {
    this.#client = client;
    this.#clock = clock;
    this.#name = name;
  }

  /** Lists until all names are found. Rejects with a `ProviderError` if the vault does not answer. */
  async ask(names: ReadonlySet<string>, signal: AbortSignal): Promise<Listed> {
    const nowMs = this.#clock.monotonic();
    if (nowMs < this.#refusedUntilMs) return this.#refused();
    const maxPages = Math.max(1, names.size);
    const tooLong = this.#tooLong;
    if (tooLong !== undefined && nowMs < tooLong.untilMs && maxPages <= tooLong.pages) return { kind: 'unusable' };
    const found = new Map<string, Observation>();
    let page: string | undefined;
    let pages = 0;
    try {
      do {
        const { secrets, next, serverTimeMs } = await this.#client.list(page, signal);
        pages += 1;
        page = next;
        for (const { name, attributes } of secrets) if (names.has(name)) found.set(name, { attributes, serverTimeMs });
      } while (page !== undefined && found.size < names.size && pages < maxPages);
    } catch (error) {
      if (!(error instanceof ProviderError) || error.code !== 'ACCESS_DENIED') throw error;
      this.#refusedUntilMs = nowMs + REFUSED_FOR_MS;
      return this.#refused();
    }
    if (page === undefined || found.size === names.size) return { kind: 'listed', found, isComplete: true };
    this.#tooLong = { pages, untilMs: nowMs + LENGTH_KNOWN_FOR_MS };
    return { kind: 'unusable' };
  }

  #refused(): Listed {
    const advice = 'give the role Key Vault Secrets User, or List in an access policy';
    return {
      kind: 'unusable',
      problem: `${this.#name}: the policy denies listing secrets, so that polling reads each value; ${advice}`,
    };
  }
}
