import { isLosslessJsonObject, type LosslessJson } from '@vault-swarm/provider';

/**
 * The purpose of a call. `issue` creates a credential, `lease` renews or revokes one, `holder` is about a token that owns leases.
 */
export type VaultOperation = 'read' | 'probe' | 'mount' | 'login' | 'renew' | 'lookup' | 'issue' | 'lease' | 'holder';

/** One call: a path below `/v1/` with encoded segments. */
export interface VaultCall {
  readonly operation: VaultOperation;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly token?: string;
  readonly body?: Readonly<Record<string, ResponseJson>>;
  /** True: numbers keep their characters. Parsing is then about eight times slower. */
  readonly exactNumbers?: boolean;
  /** The service for which it is made, for the header `X-Swarm-Service`. */
  readonly consumer?: string;
  /** Whether a retry has no further effect. If not given: true for GET. */
  readonly isRepeatable?: boolean;
  /** True: the caller sends it again with another token if this one is invalid. */
  readonly hasOtherToken?: boolean;
  /** The deadline including retries; the default is 10 s. */
  readonly deadlineMs?: number;
  readonly signal: AbortSignal;
}

/** JSON of a response: with `exactNumbers` it is `LosslessJson`, otherwise its numbers are JavaScript numbers. */
export type ResponseJson = LosslessJson | number | readonly ResponseJson[] | ResponseObject;

/** An object of {@link ResponseJson}. */
export interface ResponseObject {
  readonly [name: string]: ResponseJson;
}

/** A response of Vault with any status. */
export interface VaultResponse {
  readonly status: number;
  /** Undefined if there is none, or it is not JSON. */
  readonly body: ResponseJson | undefined;
  /** The length of the body in characters. */
  readonly bodyLength: number;
  /** Whether the server says that it expects TLS. */
  readonly isHttpToTls?: boolean;
  /** The wait that the server requested. */
  readonly retryAfterMs: number | undefined;
  /** The server's time, rounded down to the second, in milliseconds since 1970. */
  readonly serverTimeMs: number | undefined;
}

/** Whether it is an object, not a list or an exact number. */
export function isResponseObject(value: ResponseJson | undefined): value is ResponseObject {
  return isLosslessJsonObject(value as LosslessJson | undefined);
}

/** A field of a JSON object; undefined if it is not an object or has no such field. */
export function field(value: ResponseJson | undefined, name: string): ResponseJson | undefined {
  return isResponseObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** A JSON integer as a number; undefined for everything else. */
export function wholeNumber(value: ResponseJson | undefined): number | undefined {
  if (typeof value !== 'number' && (typeof value !== 'object' || value === null)) return undefined;
  const number = Number(JSON.stringify(value));
  return Number.isSafeInteger(number) ? number : undefined;
}
