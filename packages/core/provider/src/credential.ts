import { whyUnreadable } from './read-file.ts';
import type { TextForm } from './text-form.ts';

/**
 * One of the plugin's credentials. Only {@link Credential.read} returns its characters. It reads the file again each
 * time, so that a changed file takes effect. When printed, it is `[redacted]`.
 */
export class Credential {
  /** The variable that gave it, for messages: `VAULT_TOKEN_FILE`. */
  readonly variable: string;
  readonly #read: () => string;
  readonly #form: TextForm | undefined;
  #lastUsable: string | undefined;
  #problem: string | null = null;

  /** @param form which texts can be sent; by default all. */
  constructor(variable: string, read: () => string, form?: TextForm) {
    this.variable = variable;
    this.#read = read;
    this.#form = form;
  }

  /**
   * The current credential. The file may be missing, empty, not a regular file, or contain text that can't be sent.
   * Then this is the last usable credential, so that a bad write of the file does not break the login.
   *
   * @throws the error of the read, if there never was a usable credential.
   */
  read(): string {
    try {
      const text = this.#read();
      this.#problem = this.#problemWith(text);
      if (this.#problem === null) this.#lastUsable = text;
      return this.#problem === null ? text : (this.#lastUsable ?? text);
    } catch (error) {
      this.#problem = whyUnreadable(error);
      if (this.#lastUsable === undefined) throw error;
      return this.#lastUsable;
    }
  }

  /**
   * Reads the credential now. Returns `null` if it can be used, else the reason as a continuation of "a file that …".
   * The reason never contains the credential.
   */
  check(): string | null {
    try {
      this.read();
    } catch {
      // `read` has already recorded the reason.
    }
    return this.#problem;
  }

  toString(): string {
    return '[redacted]';
  }

  toJSON(): string {
    return '[redacted]';
  }

  #problemWith(text: string): string | null {
    if (text === '') return 'is empty';
    return this.#form?.accepts(text) === false ? this.#form.requirement : null;
  }
}
