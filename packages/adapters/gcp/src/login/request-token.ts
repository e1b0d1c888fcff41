import { constants, createPrivateKey, sign } from 'node:crypto';
import { displayText } from '@vault-swarm/kernel';
import { ProviderError } from '@vault-swarm/provider';
import { type AccessToken, fieldAt, type RestClient, textAt } from '@vault-swarm/rest-client';
import type { GcpConfig } from '../config.ts';
import {
  type AuthorizedUser,
  type ExternalAccount,
  type GoogleCredentials,
  parseCredentials,
  type ServiceAccountKey,
} from './credentials.ts';
import { askMetadata } from './metadata-server.ts';
import { subjectToken } from './subject-token.ts';
import { tokenError } from './token-error.ts';

/** What a login needs besides its configuration. */
export interface LoginOptions {
  /** The provider instance's name. */
  readonly name: string;
  readonly rest: RestClient;
  /** Wall-clock time in milliseconds since 1970. */
  readonly nowMs: () => number;
}

/** Secret Manager has no narrower scope. What the identity may do is decided by its roles. */
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
const GOOGLE_TOKENS = 'https://oauth2.googleapis.com/token';
/** How long an assertion, and a token of an impersonated account, are valid: the maximum without special policies. */
const LIFE_SECONDS = 3_600;
const MAY_NOT_IMPERSONATE =
  'it may not use the service account; give it the role Service Account Token Creator, or Workload Identity User';

/** Requests a token for the configured credentials, or for the service account of the machine. Rejects with a `ProviderError`. */
export async function requestToken(
  config: GcpConfig,
  options: LoginOptions,
  signal: AbortSignal,
): Promise<AccessToken> {
  if (config.credentials === undefined) {
    const path = 'instance/service-accounts/default/token';
    const { body } = await askMetadata(config, options, { path, isText: false, signal });
    return tokenIn(body, `${options.name}: the metadata service of the machine`);
  }
  const { variable } = config.credentials;
  let text: string;
  try {
    text = config.credentials.read();
  } catch {
    throw new ProviderError('UNAUTHENTICATED', `${options.name}: the file of ${variable} can't be read; restore it`);
  }
  const parsed = parseCredentials(text);
  if ('problem' in parsed) throw new ProviderError('UNAUTHENTICATED', `${options.name}: ${variable} ${parsed.problem}`);
  return new Login(config, options, signal).tokenFor(parsed.credentials);
}

/** One login, by the type of the credentials. */
class Login {
  readonly #config: GcpConfig;
  readonly #options: LoginOptions;
  readonly #signal: AbortSignal;

  constructor(config: GcpConfig, options: LoginOptions, signal: AbortSignal) {
    this.#config = config;
    this.#options = options;
    this.#signal = signal;
  }

  async tokenFor(credentials: GoogleCredentials): Promise<AccessToken> {
    switch (credentials.type) {
      case 'service_account':
        return this.#exchange(credentials.tokenUrl, {
          grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
          assertion: this.#assertion(credentials),
        });
      case 'authorized_user':
        return this.#refresh(credentials);
      case 'external_account':
        return this.#federated(credentials);
      case 'impersonated_service_account':
        return this.#impersonate(await this.tokenFor(credentials.source), credentials.impersonationUrl);
    }
  }

  #refresh({ clientId, clientSecret, refreshToken }: AuthorizedUser): Promise<AccessToken> {
    return this.#exchange(GOOGLE_TOKENS, {
      ...{ grant_type: 'refresh_token', refresh_token: refreshToken },
      ...{ client_id: clientId, client_secret: clientSecret },
    });
  }

  /** @see https://google.aip.dev/auth/4117 */
  async #federated(account: ExternalAccount): Promise<AccessToken> {
    const { name, rest } = this.#options;
    const token = await this.#exchange(account.tokenUrl, {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      audience: account.audience,
      scope: SCOPE,
      subject_token_type: account.subjectTokenType,
      subject_token: await subjectToken(account.source, { name, rest, readFile: this.#config.readFile }, this.#signal),
    });
    return account.impersonationUrl === undefined ? token : this.#impersonate(token, account.impersonationUrl);
  }

  /** @see https://google.aip.dev/auth/4111 */
  #assertion({ clientEmail, privateKey, privateKeyId, tokenUrl }: ServiceAccountKey): string {
    const seconds = Math.floor(this.#options.nowMs() / 1000);
    const header = { alg: 'RS256', typ: 'JWT', ...(privateKeyId === undefined ? {} : { kid: privateKeyId }) };
    const claims = { iss: clientEmail, scope: SCOPE, aud: tokenUrl, iat: seconds, exp: seconds + LIFE_SECONDS };
    const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    try {
      const key = createPrivateKey(privateKey);
      const signature = sign('sha256', Buffer.from(signed), { key, padding: constants.RSA_PKCS1_PADDING });
      return `${signed}.${signature.toString('base64url')}`;
    } catch {
      // OpenSSL's reasons do not help.
      throw new ProviderError(
        'UNAUTHENTICATED',
        `${this.#options.name}: the private key in the credentials can't be used`,
      );
    }
  }

  async #exchange(url: string, form: Readonly<Record<string, string>>): Promise<AccessToken> {
    const server = this.#serverAt(url);
    const { body } = await this.#options.rest.send({
      ...{ server, url, signal: this.#signal },
      operation: 'login',
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(form).toString(),
      errorOf: (response) => tokenError(response, server),
    });
    return tokenIn(body, server);
  }

  /** @see https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken */
  async #impersonate({ token }: AccessToken, url: string): Promise<AccessToken> {
    const server = this.#serverAt(url);
    const { body } = await this.#options.rest.send({
      ...{ server, url, signal: this.#signal },
      operation: 'login',
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ scope: [SCOPE], lifetime: `${LIFE_SECONDS}s` }),
      errorOf: (response) => tokenError(response, server, MAY_NOT_IMPERSONATE),
    });
    const expiresInMs = Date.parse(textAt(body, 'expireTime') ?? '') - this.#options.nowMs();
    return checked({ token: textAt(body, 'accessToken'), expiresInMs }, server);
  }

  #serverAt(url: string): string {
    return `${this.#options.name}: ${displayText(new URL(url).host)}`;
  }
}

function tokenIn(body: unknown, server: string): AccessToken {
  return checked(
    { token: textAt(body, 'access_token'), expiresInMs: Number(fieldAt(body, 'expires_in')) * 1000 },
    server,
  );
}

function checked(
  given: { readonly token: string | undefined; readonly expiresInMs: number },
  server: string,
): AccessToken {
  const { token, expiresInMs } = given;
  if (token !== undefined && /^[\x21-\x7e]+$/.test(token) && expiresInMs > 0) return { token, expiresInMs };
  throw new ProviderError('UNAVAILABLE', `${server} answers a login without a token`);
}
