import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Credential } from '@vault-swarm/provider';
import type { CallerAccess } from '../api/index.ts';

/** What a token allows, and by which text of it: another text is another token. */
export interface KnownToken {
  readonly access: CallerAccess;
  readonly digest: Buffer;
}

/**
 * The tokens as their files have them now. They are compared by digests under a key of this process, so that no time
 * tells how much of a token fits.
 */
export class Tokens {
  readonly #key = randomBytes(32);
  readonly #credentials: readonly { readonly access: CallerAccess; readonly credential: Credential }[];
  /** Of each token as it was last read. */
  readonly #digests = new Map<Credential, { readonly text: string; readonly digest: Buffer }>();

  constructor(tokens: { readonly token: Credential | undefined; readonly viewToken: Credential | undefined }) {
    const { token, viewToken } = tokens;
    // Where both files come to have the same token, it only lets look: what allows less comes first.
    this.#credentials = [
      ...(viewToken === undefined ? [] : [{ access: 'view' as const, credential: viewToken }]),
      ...(token === undefined ? [] : [{ access: 'full' as const, credential: token }]),
    ];
  }

  /** Whether there are none: then everybody who reaches us may ask. */
  get areNone(): boolean {
    return this.#credentials.length === 0;
  }

  /** What `text` allows, if it is a token. */
  find(text: string): KnownToken | null {
    const digest = this.#digest(text);
    return this.#current().find((known) => timingSafeEqual(known.digest, digest)) ?? null;
  }

  /** Whether `token` still is one, and allows the same. */
  isCurrent(token: KnownToken): boolean {
    const known = this.#current().find(({ digest }) => timingSafeEqual(digest, token.digest));
    return known?.access === token.access;
  }

  #current(): readonly KnownToken[] {
    return this.#credentials.flatMap(({ access, credential }) => {
      const digest = this.#read(credential);
      return digest === null ? [] : [{ access, digest }];
    });
  }

  #read(credential: Credential): Buffer | null {
    const text = credential.read();
    const known = this.#digests.get(credential);
    if (text === known?.text) return known.digest;
    if (text === '') return null;
    const digest = this.#digest(text);
    this.#digests.set(credential, { text, digest });
    return digest;
  }

  #digest(text: string): Buffer {
    return createHmac('sha256', this.#key).update(text).digest();
  }
}
