import type { Clock, Random } from '@vault-swarm/kernel';
import { type CallBudget, type Events, ProviderError } from '@vault-swarm/provider';
import { fieldAt, type RestResponse, TokenClient, textAt } from '@vault-swarm/rest-client';
import { type Attributes, parseAttributes } from './attributes.ts';
import { type Asked, azureError, LIST_RIGHT, READ_RIGHT } from './azure-error.ts';
import type { AzureConfig } from './config.ts';
import type { SecretLocation } from './location.ts';
import { requestToken } from './login/request-token.ts';
import { nameOf, versionIdOf } from './secret-name.ts';

/** Known to all of Azure's clouds. */
const API_VERSION = '7.4';
/** The most entries that Azure returns per page. */
const PAGE = 25;

/** One version that Azure returned. */
export interface FoundSecret {
  readonly value: string;
  readonly version: string;
  readonly attributes: Attributes;
  /** The server's time at the response, in milliseconds since 1970, rounded down to the second. */
  readonly serverTimeMs: number;
}

/** A secret in the vault's list, with the attributes of its current version. */
interface ListedSecret {
  readonly name: string;
  readonly attributes: Attributes;
}

/** One page of the vault's list. */
export interface ListPage {
  readonly secrets: readonly ListedSecret[];
  /** The address of the next page; `undefined` after the last one. */
  readonly next: string | undefined;
  readonly serverTimeMs: number;
}

/** The dependencies of the client. */
export interface KeyVaultClientOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: Events;
  readonly budget: CallBudget;
}

/** The three calls of Key Vault that we use. Every method rejects only with a ProviderError. */
export class KeyVaultClient {
  readonly #config: AzureConfig;
  readonly #options: KeyVaultClientOptions;
  readonly #api: TokenClient;
  readonly #server: string;

  constructor(config: AzureConfig, options: KeyVaultClientOptions) {
    const { name, clock, events } = options;
    this.#config = config;
    this.#options = options;
    this.#server = `${name} at ${config.vaultUrl}`;
    const { proxies, login, resource } = config;
    this.#api = new TokenClient({
      ...options,
      proxies,
      requestToken: (rest, signal) => requestToken(login, { name, rest, clock, events, resource }, signal),
    });
  }

  /** Reads the current version, or the one that the location names. */
  async secret(location: SecretLocation, signal: AbortSignal): Promise<FoundSecret> {
    const { displayName } = location;
    const response = await this.#read(location, signal);
    const { body } = response;
    const value = textAt(body, 'value');
    const found = versionIdOf(textAt(body, 'id'));
    if (found === undefined) throw new ProviderError('UNAVAILABLE', `${displayName}: Azure's response has no version`);
    if (value === undefined) throw new ProviderError('INVALID_PAYLOAD', `${displayName}: it has no value`);
    const attributes = parseAttributes(fieldAt(body, 'attributes'));
    return { value, version: found, attributes, serverTimeMs: this.#timeOf(response) };
  }

  /** Reads one page of the list of all secrets, without values. @param page the `next` of the page before. */
  async list(page: string | undefined, signal: AbortSignal): Promise<ListPage> {
    const asked = { displayName: this.#options.name, right: LIST_RIGHT, isVersion: false };
    const response = await this.#get('list', page ?? this.#address('/secrets', PAGE), asked, signal);
    const { body } = response;
    const entries = fieldAt(body, 'value');
    if (!Array.isArray(entries)) throw new ProviderError('UNAVAILABLE', `${this.#server} answers without a list`);
    const secrets = (entries as readonly unknown[]).flatMap((entry): ListedSecret[] => {
      const name = nameOf(textAt(entry, 'id') ?? '');
      return name === undefined ? [] : [{ name, attributes: parseAttributes(fieldAt(entry, 'attributes')) }];
    });
    return { secrets, next: this.#nextPage(textAt(body, 'nextLink')), serverTimeMs: this.#timeOf(response) };
  }

  /** Closes all connections and aborts calls in flight. */
  close(): Promise<void> {
    return this.#api.close();
  }

  async #read({ name, version, displayName }: SecretLocation, signal: AbortSignal): Promise<RestResponse> {
    const path = `/secrets/${name}${version === undefined ? '' : `/${version}`}`;
    const asked = { displayName, right: READ_RIGHT, isVersion: version !== undefined };
    try {
      return await this.#get('read', this.#address(path), asked, signal);
    } catch (error) {
      const isMissing = error instanceof ProviderError && error.code === 'NOT_FOUND' && error.isProven;
      if (!isMissing || !(await this.#isDeleted(name, signal))) throw error;
      throw new ProviderError('NOT_FOUND', `${displayName}: it is deleted; recover it, or name another secret`);
    }
  }

  /** Whether a secret was deleted and can be recovered. `false` also if that can't be determined. */
  async #isDeleted(name: string, signal: AbortSignal): Promise<boolean> {
    const asked = { displayName: this.#options.name, right: READ_RIGHT, isVersion: false };
    try {
      await this.#get('deleted', this.#address(`/deletedsecrets/${name}`), asked, signal);
      return true;
    } catch {
      return false;
    }
  }

  #get(operation: string, url: string, asked: Asked, signal: AbortSignal): Promise<RestResponse> {
    const server = this.#server;
    return this.#api.get({ operation, url, server, signal, errorOf: (response) => azureError(response, asked) });
  }

  #address(path: string, maxResults?: number): string {
    const page = maxResults === undefined ? '' : `&maxresults=${maxResults}`;
    return `${this.#config.vaultUrl}${path}?api-version=${API_VERSION}${page}`;
  }

  /** The token is sent there, so it must be the same vault. */
  #nextPage(link: string | undefined): string | undefined {
    if (link === undefined || link === '') return undefined;
    if (URL.parse(link)?.origin === this.#config.vaultUrl) return link;
    throw new ProviderError('UNAVAILABLE', `${this.#server} continues its list at another address`);
  }

  #timeOf({ serverTimeMs }: RestResponse): number {
    return serverTimeMs ?? this.#options.clock.now();
  }
}
