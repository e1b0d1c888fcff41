import { type Clock, ProviderError, SingleFlight } from '@vault-swarm/provider';
import { type AnswerJson, field } from './answer.ts';
import type { Session } from './auth/session.ts';
import { encodePath } from './encode-path.ts';
import { failureOf } from './failures.ts';

/** Version of the key-value engine; `unknown` where the server does not tell our identity. */
export type KvVersion = 'v1' | 'v2' | 'unknown';

/** What was found out about a mount, and when, by the monotonic clock. */
export interface Mount {
  readonly version: KvVersion;
  readonly foundAtMs: number;
}

/** How long a look at a mount is believed where answers may mean that it was replaced. */
const BELIEVED_FOR_MS = 10_000;
/** What is unknown is asked again after this time; the rest only where it turns out wrong. */
const UNKNOWN_FOR_MS = 60_000;

/** Which mounts have which version of KV: found out once for each, and again where it is in doubt. */
export class Mounts {
  readonly #session: Session;
  readonly #clock: Clock;
  readonly #server: string;
  readonly #known = new Map<string, Mount>();
  readonly #flights = new SingleFlight<Mount>({ finish: false });

  constructor(session: Session, clock: Clock, server: string) {
    this.#session = session;
    this.#clock = clock;
    this.#server = server;
  }

  /**
   * The mount of this name, as found out at `sinceMs` or later.
   * @throws {ProviderError} `INVALID_REF` where it is no mount, or another engine's.
   */
  async find(name: string, signal: AbortSignal, sinceMs = Number.NEGATIVE_INFINITY): Promise<Mount> {
    const known = this.#known.get(name);
    const unknownTooLong = known?.version === 'unknown' && this.#clock.monotonic() - known.foundAtMs > UNKNOWN_FOR_MS;
    if (known !== undefined && known.foundAtMs >= sinceMs && !unknownTooLong) return known;
    return this.#flights.join(
      name,
      signal,
      (own) => this.#findOut(name, own),
      () => this.#cutOff(),
    );
  }

  /**
   * The mount of this name after an answer to a question asked at `startedAtMs` that did not find a secret: looked at
   * again where the answer is `doubtful` (it does not fit the mount), else unless that was done in the last 10 s.
   *
   * @throws {ProviderError} as {@link find}.
   */
  confirm(
    name: string,
    signal: AbortSignal,
    { startedAtMs, doubtful }: { readonly startedAtMs: number; readonly doubtful: boolean },
  ): Promise<Mount> {
    return this.find(name, signal, doubtful ? startedAtMs : startedAtMs - BELIEVED_FOR_MS);
  }

  /** Takes over what the answers to reads have shown about a mount that was `unknown`. */
  learn(name: string, version: KvVersion): void {
    this.#known.set(name, { version, foundAtMs: this.#clock.monotonic() });
  }

  /** Cuts off what is under way. */
  close(): void {
    this.#flights.abortAll();
  }

  async #findOut(name: string, signal: AbortSignal): Promise<Mount> {
    const path = `sys/internal/ui/mounts/${encodePath(name)}`;
    const answer = await this.#session.request({ operation: 'mount', method: 'GET', path, signal });
    const mount = { version: this.#versionOf(name, answer.status, answer.body), foundAtMs: this.#clock.monotonic() };
    if (answer.status !== 200 && ![400, 403, 404, 405].includes(answer.status)) {
      throw failureOf(answer, `finding the mount ${name}/ of ${this.#server}`);
    }
    this.#known.set(name, mount);
    return mount;
  }

  #versionOf(name: string, status: number, body: AnswerJson | undefined): KvVersion {
    if (status !== 200) return 'unknown';
    const data = field(body, 'data');
    const type = field(data, 'type');
    const path = field(data, 'path');
    if (typeof path === 'string' && path !== `${name}/`) {
      this.#known.delete(name);
      throw new ProviderError(
        'INVALID_REF',
        `${this.#server} has no mount ${name}/; what is there is in ${shownPath(path)}: correct the mount`,
      );
    }
    if (type === 'kv') return field(field(data, 'options'), 'version') === '2' ? 'v2' : 'v1';
    // What KV v1 was called before there was a v2.
    if (type === 'generic') return 'v1';
    this.#known.delete(name);
    throw new ProviderError('INVALID_REF', `the mount ${name}/ of ${this.#server} ${whyNot(type)}`);
  }

  #cutOff(): ProviderError {
    return new ProviderError('UNAVAILABLE', `finding a mount of ${this.#server} was cut off`);
  }
}

/** Why an engine's values are not delivered. */
function whyNot(type: AnswerJson | undefined): string {
  if (type === 'cubbyhole' || type === 'ns_cubbyhole') {
    return 'is another one for each token, and ends with it; write the secret to a key-value engine';
  }
  const shown = typeof type === 'string' && /^[\w.-]{1,64}$/.test(type) ? `of the kind ${type}` : 'of another kind';
  return `is ${shown}, and only key-value engines are read (kv, version 1 or 2); correct the mount`;
}

/** A mount's name as the server tells it, unless that would be no name. */
function shownPath(path: string): string {
  return /^[\x21-\x7e]{1,200}$/.test(path) ? path : 'another one';
}
