import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '@vault-swarm/kernel';
import type { CallerAccess } from '../api/index.ts';
import type { KnownToken, Tokens } from './tokens.ts';

/** How long a browser stays signed in. */
export const SESSION_MS = 12 * 60 * 60 * 1_000;

/** More browsers than ever sign in; who has a token may make as many sessions as there is room for. */
const MAX_SESSIONS = 1_000;

interface Session {
  readonly token: KnownToken;
  readonly endsAtMs: number;
}

/**
 * Who signed in with a token: browsers, which then send an id that means nothing outside of this process. A session ends
 * with its time, with its token, when it is signed out, and with the process.
 */
export class Sessions {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #tokens: Tokens;
  /** By the digest of the id: the time that a poll-up takes tells nothing of an id. The oldest first. */
  readonly #sessions = new Map<string, Session>();

  constructor(clock: Pick<Clock, 'monotonic'>, tokens: Tokens) {
    this.#clock = clock;
    this.#tokens = tokens;
  }

  /** Starts a session for who showed this token; gives its id. */
  start(token: KnownToken): string {
    const id = randomBytes(24).toString('base64url');
    for (const [key, { endsAtMs }] of this.#sessions) {
      if (endsAtMs > this.#clock.monotonic() && this.#sessions.size < MAX_SESSIONS) break;
      this.#sessions.delete(key);
    }
    this.#sessions.set(digestOf(id), { token, endsAtMs: this.#clock.monotonic() + SESSION_MS });
    return id;
  }

  /** What the session of this id allows now; `null` where there is none, or no longer. */
  access(id: string): CallerAccess | null {
    const key = digestOf(id);
    const session = this.#sessions.get(key);
    if (session === undefined) return null;
    if (session.endsAtMs > this.#clock.monotonic() && this.#tokens.isCurrent(session.token))
      return session.token.access;
    this.#sessions.delete(key);
    return null;
  }

  /** Ends the session of this id, if there is one. */
  end(id: string): void {
    this.#sessions.delete(digestOf(id));
  }
}

function digestOf(id: string): string {
  return createHash('sha256').update(id).digest('base64url');
}
