import type { IncomingMessage } from 'node:http';
import type { Clock } from '@vault-swarm/kernel';
import type { CallerAccess } from '../api/index.ts';
import { isLoopbackAddress, type MonitoringConfig } from '../config.ts';
import { hostnameOf, hostOf, LOOPBACK_HOSTS } from './host-header.ts';
import { sessionIdOf, setCookie } from './session-cookie.ts';
import { SESSION_MS, Sessions } from './sessions.ts';
import { Tokens } from './tokens.ts';

/** What of the configuration says who may ask. */
export type AccessConfig = Pick<MonitoringConfig, 'token' | 'viewToken' | 'allowAnonymous' | 'allowedHosts' | 'host'>;

/** Under which names our certificate lets us be asked. */
export type CertificateNames = (hostname: string) => boolean;

/** Who may ask, and for what. */
export class Access {
  readonly #tokens: Tokens;
  readonly #sessions: Sessions;
  /** What who needs no token may do. */
  readonly #anonymous: CallerAccess;
  readonly #allowedHosts: ReadonlySet<string>;
  readonly #isCertified: CertificateNames | null;

  /** @param isCertified under TLS, else `null`. */
  constructor(config: AccessConfig, clock: Pick<Clock, 'monotonic'>, isCertified: CertificateNames | null) {
    this.#tokens = new Tokens(config);
    this.#sessions = new Sessions(clock, this.#tokens);
    // TLS keeps others from listening, and not from asking.
    this.#anonymous = config.allowAnonymous || isLoopbackAddress(config.host) ? 'full' : 'view';
    this.#allowedHosts = new Set([...LOOPBACK_HOSTS, ...config.allowedHosts]);
    this.#isCertified = isCertified;
  }

  /** Whether all but `/health` needs a token. */
  get tokenNeeded(): boolean {
    return !this.#tokens.areNone;
  }

  /**
   * Whether a request under this name is answered. Where no token keeps others out, a page of theirs could reach us
   * through a name of its own that it lets point to this machine; so only this machine's own names are, those that the
   * operator lists, and under TLS those of the certificate, since a browser does not talk to us under another one. What a
   * header such as `X-Forwarded-Host` says does not count.
   */
  hostAllowed(request: IncomingMessage): boolean {
    if (this.tokenNeeded) return true;
    const hostname = hostnameOf(hostOf(request));
    return hostname !== null && (this.#allowedHosts.has(hostname) || this.#isCertified?.(hostname) === true);
  }

  /** What who sent the request may do now; `null`: nothing but ask for the health. */
  of(request: IncomingMessage): CallerAccess | null {
    if (!this.tokenNeeded) return this.#anonymous;
    const token = bearerOf(request);
    // Who sends a token does not mean the cookie of the browser that it runs in.
    if (token !== null) return this.#tokens.find(token)?.access ?? null;
    const id = sessionIdOf(request, this.#isSecure);
    return id === null ? null : this.#sessions.access(id);
  }

  /** Whether the request is signed: what a wrong signature shows is a failed sign-in. */
  isSigned(request: IncomingMessage): boolean {
    return bearerOf(request) !== null;
  }

  /** Starts a session; gives the header for the browser's cookie, `null` where the token is wrong. */
  signIn(request: IncomingMessage, text: string): string | null {
    const token = this.#tokens.find(text);
    if (token === null) return null;
    return setCookie(request, this.#isSecure, this.#sessions.start(token), SESSION_MS);
  }

  /** Ends the request's session; gives the header that makes the browser forget it. */
  signOut(request: IncomingMessage): string {
    const id = sessionIdOf(request, this.#isSecure);
    if (id !== null) this.#sessions.end(id);
    return setCookie(request, this.#isSecure, null, 0);
  }

  get #isSecure(): boolean {
    return this.#isCertified !== null;
  }
}

/** The token of the header; empty where the header has another form. */
function bearerOf({ headers }: IncomingMessage): string | null {
  const { authorization } = headers;
  if (authorization === undefined) return null;
  return /^bearer +(\S+)$/i.exec(authorization)?.[1] ?? '';
}
