import { isLosslessJsonObject, type LosslessJson } from '@vault-swarm/provider';

/** What a call is for. */
export type VaultOperation = 'read' | 'probe' | 'mount' | 'login' | 'renew' | 'lookup';

/** One call: a path below `/v1/`, its segments already encoded. */
export interface VaultCall {
  readonly operation: VaultOperation;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly token?: string;
  readonly body?: Readonly<Record<string, string | readonly string[]>>;
  /** True: numbers of the answer keep their characters. It makes parsing some eight times slower. */
  readonly exactNumbers?: boolean;
  /** True: nothing is done or used up twice if it is sent again, as is so for every GET. */
  readonly isRepeatable?: boolean;
  /** True: the caller sends it again with another token if this one turns out to be dead. */
  readonly hasOtherToken?: boolean;
  /** The longest that it may take, its repetitions included; 10 s where it is not given. */
  readonly deadlineMs?: number;
  readonly signal: AbortSignal;
}

/** JSON of an answer: with `exactNumbers` it is `LosslessJson`, else its numbers are JavaScript's. */
export type ResponseJson = LosslessJson | number | readonly ResponseJson[] | ResponseObject;

/** An object of {@link ResponseJson}. */
export interface ResponseObject {
  readonly [name: string]: ResponseJson;
}

/** What Vault answered, whatever the status. */
export interface VaultResponse {
  readonly status: number;
  /** Undefined where there is none, or no JSON. */
  readonly body: ResponseJson | undefined;
  /** How many characters the body had. */
  readonly bodyLength: number;
  /** The wait that the server asked for. */
  readonly retryAfterMs: number | undefined;
  /** The server's own time, to the second before, in milliseconds since 1970. */
  readonly serverTimeMs: number | undefined;
}

/** Whether it is an object, and neither a list nor an exact number. */
export function isResponseObject(value: ResponseJson | undefined): value is ResponseObject {
  return isLosslessJsonObject(value as LosslessJson | undefined);
}

/** A field of a JSON object; undefined where it is none, or has no such field. */
export function field(value: ResponseJson | undefined, name: string): ResponseJson | undefined {
  return isResponseObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** A whole number of JSON as a number; undefined for all else. */
export function wholeNumber(value: ResponseJson | undefined): number | undefined {
  if (typeof value !== 'number' && (typeof value !== 'object' || value === null)) return undefined;
  const number = Number(JSON.stringify(value));
  return Number.isSafeInteger(number) ? number : undefined;
}
