import { type Clock, displayText, SingleFlight } from '@vault-swarm/kernel';
import { ProviderError } from '@vault-swarm/provider';
import type { Session } from './auth/session.ts';
import type { VaultClient } from './client.ts';
import { isIssued, isStaticRole, whyNotIssued, whyNotRead } from './engines.ts';
import { classify, isFinal } from './error-code.ts';
import { field, isResponseObject, type ResponseJson } from './http-types.ts';
import type { KvVersion } from './kv-mounts.ts';
import { type KvAddress, mountPath } from './paths.ts';
import { vaultErrorOf } from './vault-error.ts';

/** What was found out about a mount, and when, by the monotonic clock. */
export interface Mount {
  /**
   * `none`: it is another engine. `unknown`: neither the server nor the settings say what it is, so nothing is read
   * there.
   */
  readonly version: KvVersion | 'none' | 'unknown';
  /** The engine as the server reports it; empty if it does not. */
  readonly type: string;
  /** Whether the server itself reported it. */
  readonly isShown: boolean;
  readonly foundAtMs: number;
  /** How long it is valid, in milliseconds. */
  readonly lifeMs: number;
}

/** How long a result about a mount is valid if a secret was not found in it. */
const BELIEVED_FOR_MS = 10_000;
/**
 * Each response of KV v2 shows its version by its format. A response of KV v1 or of another engine may have any format,
 * so the server must have reported the mount recently.
 */
const LIFE_MS = { v1: BELIEVED_FOR_MS, none: BELIEVED_FOR_MS, v2: Number.POSITIVE_INFINITY } as const;
/** How long the settings are used until the server is asked again. */
const CONFIGURED_LIFE_MS = 60_000;
/** The dependencies of {@link Mounts}. */
export interface MountsOptions {
  readonly session: Session;
  /** For requests with another token. */
  readonly client: VaultClient;
  readonly clock: Clock;
  /** The server for messages. */
  readonly server: string;
  /** The mounts of the settings, for a server that does not show them. */
  readonly configured: ReadonlyMap<string, KvVersion>;
  /** The name of that setting, for messages. */
  readonly setting: string;
  /** The label of secrets whose path issues credentials, for messages. */
  readonly leaseLabel: string;
}

/**
 * Finds the engines of mounts, and the versions of key-value engines. The server's information has priority over the
 * settings. Mounts are never nested, so a mount of exactly this name contains all paths below it.
 */
export class Mounts {
  /** The name of the setting that names mounts. */
  readonly setting: string;
  readonly #session: Session;
  readonly #client: VaultClient;
  readonly #clock: Clock;
  readonly #server: string;
  readonly #configured: ReadonlyMap<string, KvVersion>;
  readonly #leaseLabel: string;
  readonly #known = new Map<string, Mount>();
  readonly #flights = new SingleFlight<Mount>({ finish: false });

  constructor({ session, client, clock, server, configured, setting, leaseLabel }: MountsOptions) {
    this.#session = session;
    this.#client = client;
    this.#clock = clock;
    this.#server = server;
    this.#configured = configured;
    this.setting = setting;
    this.#leaseLabel = leaseLabel;
  }

  /**
   * The mount of this name, found out at `sinceMs` or later.
   * @throws {ProviderError} `INVALID_REF` if it is not a mount, or differs from the settings.
   */
  async find(name: string, signal: AbortSignal, sinceMs = Number.NEGATIVE_INFINITY): Promise<Mount> {
    const known = this.#fresh(name);
    if (known !== undefined && known.foundAtMs >= sinceMs) return known;
    return this.#flights.join(
      name,
      signal,
      (own) => this.#findOut(name, own),
      () => this.#cutOff(),
    );
  }

  /**
   * The mount of this name after a request, sent at `startedAtMs`, that did not find a secret. It is checked
   * again if the response is `ambiguous` (it does not fit the mount), otherwise unless that was done in the last 10 s.
   *
   * @throws {ProviderError} as {@link find}.
   */
  confirm(
    name: string,
    signal: AbortSignal,
    { startedAtMs, ambiguous }: { readonly startedAtMs: number; readonly ambiguous: boolean },
  ): Promise<Mount> {
    return this.find(name, signal, ambiguous ? startedAtMs : startedAtMs - BELIEVED_FOR_MS);
  }

  /**
   * As {@link find}, with another token than the plugin's login: the server shows a mount only to a token that may use
   * something in it. `undefined`: with the login.
   */
  async findFor(name: string, token: string | undefined, signal: AbortSignal): Promise<Mount> {
    if (token === undefined) return this.find(name, signal);
    const known = this.#fresh(name);
    return known ?? this.#findOut(name, signal, token);
  }

  /**
   * Checks that a path in a mount issues credentials.
   * @throws {ProviderError} `INVALID_REF`, and what to change, if it does not.
   */
  checkIssuer({ version, type }: Pick<Mount, 'version' | 'type'>, { mount, v1Path }: KvAddress): void {
    if (version === 'none' && isIssued(type, v1Path)) return;
    const why = whyNotIssued(version === 'none' ? type : 'kv', v1Path, this.#leaseLabel);
    throw new ProviderError('INVALID_REF', `the mount ${displayMount(mount)} of ${this.#server} ${why}`);
  }

  /**
   * Checks that a path in a mount of another engine is a static role.
   * @throws {ProviderError} `INVALID_REF`, and what to change, if it is not.
   */
  checkStaticRole({ type }: Pick<Mount, 'type'>, { mount, v1Path }: KvAddress): void {
    if (isStaticRole(type, v1Path)) return;
    const why = whyNotRead(type, v1Path, this.#leaseLabel);
    throw new ProviderError('INVALID_REF', `the mount ${displayMount(mount)} of ${this.#server} ${why}`);
  }

  /** Aborts requests in flight. */
  close(): void {
    this.#flights.abortAll();
  }

  #fresh(name: string): Mount | undefined {
    const known = this.#known.get(name);
    return known !== undefined && this.#clock.monotonic() - known.foundAtMs <= known.lifeMs ? known : undefined;
  }

  async #findOut(name: string, signal: AbortSignal, token?: string): Promise<Mount> {
    const call = { operation: 'mount', method: 'GET', path: mountPath(name), signal } as const;
    const answer = await (token === undefined ? this.#session.request(call) : this.#client.request({ ...call, token }));
    // The cached information is invalid, whatever is wrong with the response.
    this.#known.delete(name);
    const foundAtMs = this.#clock.monotonic();
    const verdict = classify('mount', answer);
    const isAnswered = verdict === 'ok' ? isResponseObject(field(answer.body, 'data')) : isFinal(verdict);
    if (!isAnswered) throw vaultErrorOf(answer, `finding the mount ${displayMount(name)} of ${this.#server}`, 'mount');
    const mount = { ...this.#judge(name, answer.status, answer.body), foundAtMs };
    // Unknown mounts are asked for each time, so that a corrected policy takes effect at once.
    if (mount.version !== 'unknown') this.#known.set(name, mount);
    return mount;
  }

  #judge(name: string, status: number, body: ResponseJson | undefined): Omit<Mount, 'foundAtMs'> {
    const configured = this.#configured.get(name);
    if (status !== 200) {
      return configured === undefined
        ? { version: 'unknown', type: '', isShown: false, lifeMs: 0 }
        : { version: configured, type: '', isShown: false, lifeMs: CONFIGURED_LIFE_MS };
    }
    const { version, type } = this.#engineOf(name, body);
    if (configured !== undefined && configured !== version) {
      const why = `${version === 'none' ? 'has another engine' : `is KV ${version}`}, and ${this.setting} says ${configured}; correct ${this.setting}`;
      throw new ProviderError('INVALID_REF', `the mount ${displayMount(name)} of ${this.#server} ${why}`);
    }
    return { version, type, isShown: true, lifeMs: LIFE_MS[version] };
  }

  /** What the server reports. */
  #engineOf(
    name: string,
    body: ResponseJson | undefined,
  ): Pick<Mount, 'type'> & { readonly version: KvVersion | 'none' } {
    const data = field(body, 'data');
    const type = field(data, 'type');
    const path = field(data, 'path');
    if (path !== `${name}/`) {
      const where = typeof path === 'string' ? displayPath(path) : 'another one';
      throw new ProviderError(
        'INVALID_REF',
        `${this.#server} has no mount ${displayMount(name)}; the path is in the mount ${where}: correct the mount`,
      );
    }
    if (type === 'kv') return { type, version: field(field(data, 'options'), 'version') === '2' ? 'v2' : 'v1' };
    // The name of KV v1 before there was a v2.
    if (type === 'generic') return { type, version: 'v1' };
    return { type: typeof type === 'string' ? type : '', version: 'none' };
  }

  #cutOff(): ProviderError {
    return new ProviderError('UNAVAILABLE', `finding a mount of ${this.#server} was aborted`);
  }
}

/** A mount for messages. */
function displayMount(name: string): string {
  return displayText(`${name}/`);
}

/** A mount's name as the server reports it, unless it is not valid. */
function displayPath(path: string): string {
  return /^[\x21-\x7e]{1,200}$/.test(path) ? path : 'another one';
}
