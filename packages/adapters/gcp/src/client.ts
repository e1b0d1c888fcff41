import type { Clock, Random } from '@vault-swarm/kernel';
import { type CallBudget, decodeBase64, type Events, ProviderError } from '@vault-swarm/provider';
import { fieldAt, type RestResponse, TokenClient, textAt } from '@vault-swarm/rest-client';
import type { GcpConfig } from './config.ts';
import { crc32c } from './crc32c.ts';
import { ACCESS_RIGHT, type Asked, GET_RIGHT, gcpError, LIST_RIGHT } from './gcp-error.ts';
import type { SecretLocation } from './location.ts';
import { projectOfMachine } from './login/metadata-server.ts';
import { requestToken } from './login/request-token.ts';
import { isTime } from './revision.ts';
import { LATEST_ENABLED, numberOf } from './secret-name.ts';

const API = 'secretmanager.googleapis.com';
/** How many versions are requested to find an enabled one: the filter leaves out the others. */
const PAGE = 10;

/** A version without its value. */
export interface VersionState {
  readonly number: string;
  /** As Google writes it: RFC 3339 with up to nine decimals. */
  readonly createdAt: string;
  /** `ENABLED`, `DISABLED` or `DESTROYED`. */
  readonly state: string;
}

/** A version with its value. */
export interface FoundValue {
  /** The full name with the version, with the project's number. */
  readonly name: string;
  readonly number: string;
  readonly bytes: Uint8Array;
}

/** The dependencies of the client. */
export interface SecretManagerClientOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: Events;
  /** The operator's budget. */
  readonly budget: CallBudget;
}

/** The calls of Secret Manager that we use. Every method rejects only with a ProviderError. */
export class SecretManagerClient {
  readonly #config: GcpConfig;
  readonly #options: SecretManagerClientOptions;
  readonly #api: TokenClient;
  #project: string | undefined;

  constructor(config: GcpConfig, options: SecretManagerClientOptions) {
    const { name, clock } = options;
    this.#config = config;
    this.#options = options;
    this.#project = config.projectId;
    this.#api = new TokenClient({
      ...options,
      proxies: config.proxies,
      requestToken: (rest, signal) => requestToken(config, { name, rest, nowMs: () => clock.now() }, signal),
    });
  }

  /** Reads a value. `latest-enabled` takes two calls. */
  async access(location: SecretLocation, signal: AbortSignal): Promise<FoundValue> {
    const { displayName } = location;
    const version =
      location.version === LATEST_ENABLED ? (await this.#newestEnabled(location, signal)).number : location.version;
    const url = `${await this.#address(location, signal)}/versions/${version}:access`;
    const { body } = await this.#get('read', url, { displayName, right: ACCESS_RIGHT }, signal);
    const name = textAt(body, 'name') ?? '';
    const number = numberOf(name);
    // A version without data has no payload.
    const bytes = decodeBase64(textAt(body, 'payload', 'data') ?? '');
    if (number === undefined || bytes === null) {
      throw new ProviderError('UNAVAILABLE', `${displayName}: Google's response has no version or no value`);
    }
    checkSum(bytes, fieldAt(body, 'payload', 'dataCrc32c'), displayName);
    return { name, number, bytes };
  }

  /** Reads which version a location means now, without its value. */
  async version(location: SecretLocation, signal: AbortSignal): Promise<VersionState> {
    if (location.version === LATEST_ENABLED) return this.#newestEnabled(location, signal);
    const { displayName, version } = location;
    const url = `${await this.#address(location, signal)}/versions/${version}`;
    const { body } = await this.#get('probe', url, { displayName, right: GET_RIGHT }, signal);
    return versionIn(body, displayName);
  }

  /** Closes all connections and aborts calls in flight. */
  close(): Promise<void> {
    return this.#api.close();
  }

  async #newestEnabled(location: SecretLocation, signal: AbortSignal): Promise<VersionState> {
    const { displayName } = location;
    const query = `filter=state%3AENABLED&pageSize=${PAGE}`;
    const url = `${await this.#address(location, signal)}/versions?${query}`;
    const { body } = await this.#get('list', url, { displayName, right: LIST_RIGHT }, signal);
    const listed = fieldAt(body, 'versions') ?? [];
    const versions = (Array.isArray(listed) ? (listed as readonly unknown[]) : [])
      .map((entry) => versionIn(entry, displayName))
      .filter(({ state }) => state === 'ENABLED');
    // The newest is the first, but the documentation alone says so.
    const [newest] = versions.sort((a, b) => Number(b.number) - Number(a.number));
    if (newest === undefined)
      throw new ProviderError('NOT_FOUND', `${displayName}: it has no enabled version; add one`);
    return newest;
  }

  async #address({ secret, region, displayName }: SecretLocation, signal: AbortSignal): Promise<string> {
    const host = region === undefined ? `https://${API}` : `https://secretmanager.${region}.rep.googleapis.com`;
    const name = secret.includes('/')
      ? secret
      : `projects/${await this.#projectFor(displayName, signal)}/secrets/${secret}`;
    return `${this.#config.endpoint ?? host}/v1/${name}`;
  }

  async #projectFor(displayName: string, signal: AbortSignal): Promise<string> {
    this.#project ??= await projectOfMachine(this.#config, { name: this.#options.name, rest: this.#api.rest }, signal);
    if (this.#project !== undefined) return this.#project;
    throw new ProviderError(
      'INVALID_REF',
      `${displayName}: no project is known; set GCP_PROJECT_ID, or use the full name`,
    );
  }

  #get(operation: string, url: string, asked: Asked, signal: AbortSignal): Promise<RestResponse> {
    const server = `${this.#options.name} at ${new URL(url).origin}`;
    return this.#api.get({ operation, url, server, signal, errorOf: (response) => gcpError(response, asked) });
  }
}

function versionIn(body: unknown, displayName: string): VersionState {
  const number = numberOf(textAt(body, 'name'));
  const createdAt = textAt(body, 'createTime');
  const state = textAt(body, 'state');
  if (number === undefined || createdAt === undefined || !isTime(createdAt) || state === undefined) {
    throw new ProviderError('UNAVAILABLE', `${displayName}: Google's response is not a version of a secret`);
  }
  return { number, createdAt, state };
}

/** @throws {ProviderError} `UNAVAILABLE` if the value was damaged on its way. */
function checkSum(bytes: Uint8Array, expected: unknown, displayName: string): void {
  // JSON has 64-bit integers as text. Values that were stored long ago have no checksum.
  if (expected === undefined || String(expected) === String(crc32c(bytes))) return;
  throw new ProviderError(
    'UNAVAILABLE',
    `${displayName}: the value does not fit its checksum (CRC32C); it is read again`,
  );
}
