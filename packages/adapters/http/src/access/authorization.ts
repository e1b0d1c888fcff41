import type { IncomingMessage } from 'node:http';
import type { Clock } from '@vault-swarm/kernel';
import type { CallerAccess } from '../api/overview.ts';
import { isLoopbackAddress, type MonitoringConfig } from '../config.ts';
import { hostnameOf, hostOf, LOOPBACK_HOSTS } from './host-header.ts';
import { sessionIdOf, setCookie } from './session-cookie.ts';
import { SESSION_MS, Sessions } from './sessions.ts';
import { Tokens } from './tokens.ts';

/** The part of the configuration that controls access. */
export type AccessConfig = Pick<MonitoringConfig, 'token' | 'viewToken' | 'allowAnonymous' | 'allowedHosts' | 'host'>;

/** Whether our certificate is valid for a host name. */
export type CertificateNames = (hostname: string) => boolean;

/** Decides the access of each request. */
export class Access {
  readonly #tokens: Tokens;
  readonly #sessions: Sessions;
  /** The access without a token. */
  readonly #anonymous: CallerAccess;
  readonly #allowedHosts: ReadonlySet<string>;
  readonly #isCertified: CertificateNames | null;

  /** @param isCertified with TLS, else `null`. */
  constructor(config: AccessConfig, clock: Pick<Clock, 'monotonic'>, isCertified: CertificateNames | null) {
    this.#tokens = new Tokens(config);
    this.#sessions = new Sessions(clock, this.#tokens);
    // TLS protects the transport, but does not restrict who sends requests.
    this.#anonymous = config.allowAnonymous || isLoopbackAddress(config.host) ? 'full' : 'view';
    this.#allowedHosts = new Set([...LOOPBACK_HOSTS, ...config.allowedHosts]);
    this.#isCertified = isCertified;
  }

  /** Whether all routes except `/health` need a token. */
  get tokenNeeded(): boolean {
    return !this.#tokens.areNone;
  }

  /**
   * Whether requests for this host name are answered. Without a token, a page of another site could reach us through a
   * DNS name that it points to this machine. So only this machine's own names are allowed, those that the operator
   * lists, and with TLS those of the certificate, because a browser accepts no other. Headers such as
   * `X-Forwarded-Host` are ignored.
   */
  hostAllowed(request: IncomingMessage): boolean {
    if (this.tokenNeeded) return true;
    const hostname = hostnameOf(hostOf(request));
    return hostname !== null && (this.#allowedHosts.has(hostname) || this.#isCertified?.(hostname) === true);
  }

  /** The access of the request's client; `null`: only the health. */
  of(request: IncomingMessage): CallerAccess | null {
    if (!this.tokenNeeded) return this.#anonymous;
    const token = bearerOf(request);
    // A request with a token does not use the cookie of its browser.
    if (token !== null) return this.#tokens.find(token)?.access ?? null;
    const id = sessionIdOf(request, this.#isSecure);
    return id === null ? null : this.#sessions.access(id);
  }

  /** Whether the request has credentials: if they are wrong, that is a failed sign-in. */
  isSigned(request: IncomingMessage): boolean {
    return bearerOf(request) !== null;
  }

  /** Starts a session and returns the Set-Cookie header; `null` if the token is wrong. */
  signIn(request: IncomingMessage, text: string): string | null {
    const token = this.#tokens.find(text);
    if (token === null) return null;
    return setCookie(request, this.#isSecure, this.#sessions.start(token), SESSION_MS);
  }

  /** Ends the request's session and returns the Set-Cookie header that deletes the cookie. */
  signOut(request: IncomingMessage): string {
    const id = sessionIdOf(request, this.#isSecure);
    if (id !== null) this.#sessions.end(id);
    return setCookie(request, this.#isSecure, null, 0);
  }

  get #isSecure(): boolean {
    return this.#isCertified !== null;
  }
}

/** The token of the header; empty if the header has another format. */
function bearerOf({ headers }: IncomingMessage): string | null {
  const { authorization } = headers;
  if (authorization === undefined) return null;
  return /^bearer +(\S+)$/i.exec(authorization)?.[1] ?? '';
}
