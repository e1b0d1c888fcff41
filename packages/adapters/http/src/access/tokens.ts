import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Credential } from '@vault-swarm/provider';
import type { CallerAccess } from '../api/overview.ts';

/** The access of a token, and its text: another text is another token. */
export interface KnownToken {
  readonly access: CallerAccess;
  readonly digest: Buffer;
}

/**
 * The tokens that the files contain now. They are compared as digests with a key of this process, so that timing
 * reveals nothing.
 */
export class Tokens {
  readonly #key = randomBytes(32);
  readonly #credentials: readonly { readonly access: CallerAccess; readonly credential: Credential }[];
  /** Of each token when it was last read. */
  readonly #digests = new Map<Credential, { readonly text: string; readonly digest: Buffer }>();

  constructor(tokens: { readonly token: Credential | undefined; readonly viewToken: Credential | undefined }) {
    const { token, viewToken } = tokens;
    // If both files have the same token, it gives read access only: the lower access is checked first.
    this.#credentials = [
      ...(viewToken === undefined ? [] : [{ access: 'view' as const, credential: viewToken }]),
      ...(token === undefined ? [] : [{ access: 'full' as const, credential: token }]),
    ];
  }

  /** Whether no token is configured: then every client has access. */
  get areNone(): boolean {
    return this.#credentials.length === 0;
  }

  /** The token with this text, if there is one. */
  find(text: string): KnownToken | null {
    const digest = this.#digest(text);
    return this.#current().find((known) => timingSafeEqual(known.digest, digest)) ?? null;
  }

  /** Whether `token` still exists with the same access. */
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
