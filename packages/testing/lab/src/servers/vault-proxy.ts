import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** Which requests a fault matches: by default all. */
export interface FaultMatch {
  readonly method?: string;
  /** Matches path and query after `/v1/`, such as `^auth/[^/]+/login$`. */
  readonly path?: RegExp;
}

/**
 * What happens to a matching request. `hang`: it is never answered, even after the fault ended. `drip`: Vault's response
 * arrives one byte at a time. `status`: the proxy responds, with `body` as JSON, and Vault gets no request. `cut`: the
 * connection is reset. `behind`: reads of KV v2 get the response of a replica that lags, or that has received nothing since a
 * time (milliseconds since 1970). If it alternates, Vault answers every second request.
 */
export type VaultFault =
  | { readonly kind: 'hang' }
  | { readonly kind: 'drip'; readonly intervalMs: number }
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly body: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'cut' }
  | { readonly kind: 'behind'; readonly has: ReplicaState; readonly alternates?: boolean };

/** How far a replica is behind. */
export type ReplicaState = { readonly lagMs: number } | { readonly untilMs: number };

/** A fault, the requests that it matches (by default all), and at most how many `times` it happens. */
export type FaultRule = VaultFault & { readonly match?: FaultMatch; readonly times?: number };

/** The requests since the start or the last reset, including those with faults. */
export interface VaultProxyCounts {
  readonly requests: number;
  /** Opened connections. */
  readonly connections: number;
  /** Requests to `auth/…/login`. */
  readonly logins: number;
  /** Reads of values: of `…/data/…`, or of a path of KV v1. */
  readonly valueReads: number;
  /** The size of all bodies, in both directions. */
  readonly bytes: number;
  /** By `METHOD path`, the path as after `/v1/` and without its query. */
  readonly byPath: Readonly<Record<string, number>>;
}

/** A proxy of a Vault server that adds latency, counts requests and injects faults. */
export interface VaultProxy {
  /** As in VAULT_ADDR. */
  readonly addr: string;
  /** Delays each response by `ms` milliseconds from now on. */
  setLatency(ms: number): Promise<void>;
  /** Replaces all faults. Each request gets the first one that matches. */
  setFaults(...rules: readonly FaultRule[]): Promise<void>;
  /** Refuses new connections, and closes open ones. */
  refuse(): Promise<void>;
  /** Accepts connections again, on the same port. */
  accept(): Promise<void>;
  counts(): Promise<VaultProxyCounts>;
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** A command for the proxy's thread, which replies when it is done. */
export type ProxyOrder =
  | { readonly kind: 'latency'; readonly ms: number }
  | { readonly kind: 'faults'; readonly rules: readonly FaultRule[] }
  | { readonly kind: 'refuse' | 'accept' | 'counts' | 'reset' };

/** The response of a sealed Vault to every request. */
export const sealed: VaultFault = { kind: 'status', status: 503, body: { errors: ['Vault is sealed'] } };

/** Vault's response if the policy denies a request. */
export const permissionDenied: VaultFault = { kind: 'status', status: 403, body: { errors: ['permission denied'] } };

/** Vault's response if a rate limit quota is exhausted. */
export function tooManyRequests(retryAfterSeconds: number): VaultFault {
  const body = { errors: ['request path "secret": rate limit quota exceeded'] };
  return { kind: 'status', status: 429, body, headers: { 'Retry-After': String(retryAfterSeconds) } };
}

/**
 * Starts a proxy of the server at `target` (http only) on a free port. It runs in its own thread, so that it does not slow
 * down the code that measures through it. Callers must close it.
 */
export async function startVaultProxy(target: string, { latencyMs = 0 } = {}): Promise<VaultProxy> {
  const workerData = { target, latencyMs };
  const worker = new Worker(new URL('./vault-proxy-worker.ts', import.meta.url), { workerData });
  const [port] = (await once(worker, 'message')) as [number];

  let waiting: Promise<unknown> = Promise.resolve();
  const order = <T>(what: ProxyOrder): Promise<T> => {
    const next = waiting.then(async () => {
      worker.postMessage(what);
      const [answer] = (await once(worker, 'message')) as [T];
      return answer;
    });
    waiting = next;
    return next;
  };
  return {
    addr: `http://127.0.0.1:${port}`,
    setLatency: (ms) => order({ kind: 'latency', ms }),
    setFaults: (...rules) => order({ kind: 'faults', rules }),
    refuse: () => order({ kind: 'refuse' }),
    accept: () => order({ kind: 'accept' }),
    counts: () => order({ kind: 'counts' }),
    reset: () => order({ kind: 'reset' }),
    close: async () => {
      await worker.terminate();
    },
  };
}
