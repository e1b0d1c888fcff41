/** How often a token may still be used, as far as we know: Vault ends it with its last use. */
export class TokenUses {
  #left: number;

  constructor(left: number) {
    this.#left = left;
  }

  /** Whether no further request may be sent with it. */
  get areUsedUp(): boolean {
    return this.#left <= 0;
  }

  /** A request is sent with it now. */
  take(): void {
    this.#left--;
  }

  /** The server says how many are left. */
  correct(left: number): void {
    this.#left = left;
  }
}
