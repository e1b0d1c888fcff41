/** Counts how often a token may still be used: Vault revokes it with its last use. */
export class TokenUses {
  #left: number;

  constructor(left: number) {
    this.#left = left;
  }

  /** Whether no further request can be sent with it. */
  get areUsedUp(): boolean {
    return this.#left <= 0;
  }

  /** Call it when a request is sent. */
  take(): void {
    this.#left--;
  }

  /** Call it when the server reports how many uses are left. */
  correct(left: number): void {
    this.#left = left;
  }
}
