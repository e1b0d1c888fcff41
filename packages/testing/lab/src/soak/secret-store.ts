import type { SeededRandom } from '@vault-swarm/simulation';
import type { Vault } from '../servers/vault.ts';
import { ValueHistory } from './value-history.ts';

/** The secrets in Vault during a soak, and every value that each had. */
export class SecretStore {
  readonly #vault: Vault;
  readonly #random: SeededRandom;
  readonly #histories = new Map<string, ValueHistory>();
  #written = 0;

  constructor(vault: Vault, random: SeededRandom) {
    this.#vault = vault;
    this.#random = random;
  }

  /** The secrets with a value whose names start with `prefix`. */
  names(prefix = ''): readonly string[] {
    return [...this.#histories.keys()].filter((name) => name.startsWith(prefix));
  }

  /** The values of a secret, which must have been written. */
  history(name: string): ValueHistory {
    const history = this.#histories.get(name);
    if (history === undefined) throw new Error(`${name} was never written`);
    return history;
  }

  /** How many values were written. */
  get written(): number {
    return this.#written;
  }

  /** Writes a value that no secret had before, of a length between a few bytes and some thousands. */
  async write(name: string): Promise<void> {
    this.#written += 1;
    const long = this.#random.chance(0.1) ? this.#random.between(100, 8_000) : 0;
    const value = `${name}#${this.#written}#${'x'.repeat(long)}`;
    const known = this.#histories.get(name);
    const history = known ?? new ValueHistory();
    const done = history.start(value, performance.now());
    const { status, text } = await this.#vault.request('POST', `secret/data/${name}`, { data: { password: value } });
    if (status !== 200) throw new Error(`Vault rejected ${name}: ${status} ${text}`);
    done(performance.now());
    if (known === undefined) this.#histories.set(name, history);
  }
}
