import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '@vault-swarm/kernel';
import type { CallerAccess } from '../api/overview.ts';
import type { KnownToken, Tokens } from './tokens.ts';

/** How long a browser stays signed in. */
export const SESSION_MS = 12 * 60 * 60 * 1_000;

/** More browsers than ever sign in. A client with a token may use all of them. */
const MAX_SESSIONS = 1_000;

interface Session {
  readonly token: KnownToken;
  readonly endsAtMs: number;
}

/**
 * The sessions of browsers that signed in with a token. A session id has no meaning outside of this process. A session
 * ends when it expires, its token changes, the browser signs out, or the process ends.
 */
export class Sessions {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #tokens: Tokens;
  /** By the digest of the id, so that the time of a lookup reveals nothing about ids. The oldest is first. */
  readonly #sessions = new Map<string, Session>();

  constructor(clock: Pick<Clock, 'monotonic'>, tokens: Tokens) {
    this.#clock = clock;
    this.#tokens = tokens;
  }

  /** Starts a session for this token and returns its id. */
  start(token: KnownToken): string {
    const id = randomBytes(24).toString('base64url');
    for (const [key, { endsAtMs }] of this.#sessions) {
      if (endsAtMs > this.#clock.monotonic() && this.#sessions.size < MAX_SESSIONS) break;
      this.#sessions.delete(key);
    }
    this.#sessions.set(digestOf(id), { token, endsAtMs: this.#clock.monotonic() + SESSION_MS });
    return id;
  }

  /** The access of this session; `null` if it does not exist or ended. */
  access(id: string): CallerAccess | null {
    const key = digestOf(id);
    const session = this.#sessions.get(key);
    if (session === undefined) return null;
    if (session.endsAtMs > this.#clock.monotonic() && this.#tokens.isCurrent(session.token))
      return session.token.access;
    this.#sessions.delete(key);
    return null;
  }

  /** Ends the session of this id, if it exists. */
  end(id: string): void {
    this.#sessions.delete(digestOf(id));
  }
}

function digestOf(id: string): string {
  return createHash('sha256').update(id).digest('base64url');
}
