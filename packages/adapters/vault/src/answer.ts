import { type ExactJson, isExactJsonObject, stringifyExactJson } from '@vault-swarm/provider';

/** One call: a path below `/v1/`, its segments already encoded. */
export interface VaultCall {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly token?: string;
  readonly body?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** What Vault answered, whatever the status. Numbers in `body` keep their characters. */
export interface VaultAnswer {
  readonly status: number;
  /** Undefined where there is none, or no JSON. */
  readonly body: ExactJson | undefined;
  /** The wait that the server asked for. */
  readonly retryAfterMs: number | undefined;
}

/** A field of a JSON object; undefined where it is none, or has no such field. */
export function field(value: ExactJson | undefined, name: string): ExactJson | undefined {
  return isExactJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** A whole number of JSON as a number; undefined for all else. */
export function wholeNumber(value: ExactJson | undefined): number | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const number = Number(stringifyExactJson(value));
  return Number.isSafeInteger(number) ? number : undefined;
}
