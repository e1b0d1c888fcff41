import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { type Clock, SingleFlight, withDeadline } from '@vault-swarm/kernel';
import type { Events } from '@vault-swarm/provider';
import { agentOptions } from './agent-options.ts';
import { codeOf } from './aws-error.ts';
import { BoundedHandler } from './bounded-handler.ts';
import type { AwsConfig, AwsKeys } from './config.ts';
import { refuseOtherThanFiles, sharedFilesOf } from './shared-files.ts';
import { silentLogger } from './silent-logger.ts';
import { ssoProfileOf } from './sso-profile.ts';

/** The plugin's identity at AWS. `expiration` is by AWS's clock. */
export interface AwsIdentity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** The timeout of a credential source; it is asked again afterwards. */
const LOGIN_DEADLINE_MS = 8_000;
/** How long before its end an identity is renewed. */
const RENEWED_BEFORE_MS = 5 * 60_000;
/** The minimum time between two attempts after a rejection. */
const REPEATED_AFTER_MS = 5_000;

/**
 * The plugin's identity at AWS: the configured keys, read again for each request, or what the SDK's credential chain
 * finds. A found identity is kept until shortly before its end, or until AWS rejects it. A failing source has no
 * effect while the identity is valid.
 */
export class AwsLogin {
  readonly #config: AwsConfig;
  readonly #provider: string;
  readonly #clock: Clock;
  readonly #events: Events;
  readonly #flights = new SingleFlight<AwsIdentity>({ finish: true });
  #identity: AwsIdentity | undefined;
  #requestedAtMs = Number.NEGATIVE_INFINITY;
  #isAsking = false;

  constructor(config: AwsConfig, options: { readonly name: string; readonly clock: Clock; readonly events: Events }) {
    this.#config = config;
    this.#provider = options.name;
    this.#clock = options.clock;
    this.#events = options.events;
  }

  /** Returns the identity for a request. Rejects with the SDK's error. */
  async identity(): Promise<AwsIdentity> {
    const { keys } = this.#config;
    if (keys !== undefined) return readKeys(keys);
    const known = this.#identity;
    const remainingMs = known === undefined ? 0 : this.#remainingMs(known);
    if (known === undefined || remainingMs <= 0) return this.#ask();
    // Renewed in the background, because a failing source takes long; an event reports the failure.
    if (remainingMs <= RENEWED_BEFORE_MS && !this.#wasAskedLately) this.#ask().catch(() => undefined);
    return known;
  }

  /**
   * Call it if AWS rejected the identity: returns whether another one was found. Rejects as {@link AwsLogin.identity}
   * does.
   */
  async renew(refused: AwsIdentity): Promise<boolean> {
    const { keys } = this.#config;
    if (keys !== undefined) return isAnother(readKeys(keys), refused);
    if (this.#identity !== undefined && isAnother(this.#identity, refused)) return true;
    if (this.#wasAskedLately && !this.#isAsking) return false;
    return isAnother(await this.#ask(), refused);
  }

  get #wasAskedLately(): boolean {
    return this.#clock.monotonic() - this.#requestedAtMs < REPEATED_AFTER_MS;
  }

  #ask(): Promise<AwsIdentity> {
    const { signal } = new AbortController();
    return this.#flights.join(
      'identity',
      signal,
      () => this.#load(),
      () => new Error('cut off'),
    );
  }

  async #load(): Promise<AwsIdentity> {
    const startedAtMs = this.#clock.monotonic();
    this.#requestedAtMs = startedAtMs;
    this.#isAsking = true;
    try {
      const identity = await withDeadline(this.#clock, LOGIN_DEADLINE_MS, undefined, () => askChain(this.#config));
      this.#identity = identity;
      this.#tell('ok', startedAtMs);
      const expiresAtMs = identity.expiration?.getTime() ?? null;
      this.#events.emit({ type: 'provider.login', provider: this.#provider, expiresAtMs });
      return identity;
    } catch (error) {
      this.#tell(codeOf(error), startedAtMs);
      throw error;
    } finally {
      this.#isAsking = false;
    }
  }

  #tell(outcome: 'ok' | ReturnType<typeof codeOf>, startedAtMs: number): void {
    const durationMs = this.#clock.monotonic() - startedAtMs;
    this.#events.emit({
      type: 'provider.request-completed',
      provider: this.#provider,
      operation: 'login',
      outcome,
      durationMs,
    });
  }

  #remainingMs({ expiration }: AwsIdentity): number {
    return expiration === undefined ? Number.POSITIVE_INFINITY : expiration.getTime() - this.#clock.now();
  }
}

function readKeys({ accessKeyId, secretAccessKey, sessionToken }: AwsKeys): AwsIdentity {
  try {
    return {
      accessKeyId: accessKeyId.read(),
      secretAccessKey: secretAccessKey.read(),
      ...(sessionToken === undefined ? {} : { sessionToken: sessionToken.read() }),
    };
  } catch {
    // The reason contains a path and helps no more than the variable's name.
    throw Object.assign(new Error('a file with keys is not readable'), {
      name: 'CredentialsProviderError',
    });
  }
}

/**
 * Runs the SDK's credential chain. Only a container or instance identity is taken from the environment: with a
 * profile, keys in the environment are ignored, and an empty file name means no file.
 */
async function askChain(config: AwsConfig): Promise<AwsIdentity> {
  await refuseOtherThanFiles(config);
  const { region, useFips, webIdentity } = config;
  const sessionName = webIdentity?.sessionName;
  const sso = await ssoProfileOf(config);
  const endpoint = sso === undefined ? config.loginEndpoint : config.commonEndpoint;
  const ask = defaultProvider({
    ...sharedFilesOf(config),
    logger: silentLogger,
    webIdentityTokenFile: webIdentity?.tokenFile ?? '',
    roleArn: webIdentity?.roleArn ?? '',
    ...(sessionName === undefined ? {} : { roleSessionName: sessionName }),
    ...sso,
    // A region in `clientConfig` would replace the separate region of the SSO sign-in.
    ...(region === undefined ? {} : { parentClientConfig: { region } }),
    clientConfig: {
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(useFips ? { useFipsEndpoint: true } : {}),
      requestHandler: new BoundedHandler({
        requestTimeout: LOGIN_DEADLINE_MS,
        throwOnRequestTimeout: true,
        ...agentOptions(config),
      }),
    },
  });
  return ask();
}

function isAnother(one: AwsIdentity, other: AwsIdentity): boolean {
  return (
    one.accessKeyId !== other.accessKeyId ||
    one.sessionToken !== other.sessionToken ||
    one.secretAccessKey !== other.secretAccessKey
  );
}
