import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { MonitoringConfig } from './config.ts';

const LOOPBACK_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i;

/** Who may look. Tokens are compared by digests under a key of this process, so that no time tells how much fits. */
export class Access {
  readonly #config: Pick<MonitoringConfig, 'token' | 'allowAnonymous'>;
  readonly #key = randomBytes(32);
  /** Of the token as it was last read: a file that is just being replaced locks nobody out. */
  #expected: Buffer | null = null;

  constructor(config: Pick<MonitoringConfig, 'token' | 'allowAnonymous'>) {
    this.#config = config;
  }

  /** Whether all but `/health` needs the token. */
  get tokenNeeded(): boolean {
    return this.#config.token !== undefined;
  }

  /**
   * Whether a request for this `Host` is answered. Where no token keeps others out, a page of theirs could reach us
   * through a name of its own that it lets point to this machine; so only this machine's own names are.
   */
  hostAllowed(host: string | undefined): boolean {
    return this.tokenNeeded || this.#config.allowAnonymous || LOOPBACK_HOST.test(host ?? '');
  }

  /** Whether the `Authorization` header has the token, as it is in its file now. */
  signedIn(authorization: string | undefined): boolean {
    const [, given] = /^bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
    const expected = this.#readExpected();
    return given !== undefined && expected !== null && timingSafeEqual(this.#digest(given), expected);
  }

  #readExpected(): Buffer | null {
    try {
      const token = this.#config.token?.read() ?? '';
      if (token !== '') this.#expected = this.#digest(token);
    } catch {
      // Its file can't be read just now: the token that was valid before still is.
    }
    return this.#expected;
  }

  #digest(text: string): Buffer {
    return createHmac('sha256', this.#key).update(text).digest();
  }
}
