import { whyUnreadable } from './read-file.ts';
import type { TextForm } from './text-form.ts';

/**
 * A credential of ours: its characters are given only by {@link Credential.read}, and are read again from its file
 * each time, so that a changed file is followed. Printed it is `[redacted]`.
 */
export class Credential {
  /** The variable that it came from, for messages: `VAULT_TOKEN_FILE`. */
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
   * The credential as it is now. While its file is gone, empty, no regular file, or has what can't be sent, it is the last
   * one that could be used: a file that is written wrongly takes no login away.
   *
   * @throws the error of the read, where there is no such one.
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
   * Reads it now, and says why it can't be used: `null` where it can, else a continuation of "a file that …". Never the
   * credential itself.
   */
  check(): string | null {
    try {
      this.read();
    } catch {
      // The reason was recorded.
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
