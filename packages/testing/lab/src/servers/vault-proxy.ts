import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** Which requests a fault meets; what is not given, any. */
export interface FaultMatch {
  readonly method?: string;
  /** Of the path and query after `/v1/`, as `^auth/[^/]+/login$`. */
  readonly path?: RegExp;
}

/**
 * What happens to a request instead of an answer. `hang`: it is taken and never answered, also after the fault is
 * gone. `drip`: Vault's own answer comes a byte at a time. `status`: an answer that Vault never sees, with `body` as
 * JSON. `cut`: the connection is reset. `behind`: reads of KV v2 are answered as by a replica that lags behind by so much,
 * or that has got nothing since a time (in milliseconds since 1970); if it alternates, every other one is answered by
 * Vault itself.
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

/** What a replica that is behind has. */
export type ReplicaState = { readonly lagMs: number } | { readonly untilMs: number };

/** A fault, and the requests that it meets: all where no match is given, and no more than so many `times`. */
export type FaultRule = VaultFault & { readonly match?: FaultMatch; readonly times?: number };

/** What was asked since the start or the last reset, faults included. */
export interface VaultProxyCounts {
  readonly requests: number;
  /** Connections that were opened. */
  readonly connections: number;
  /** Requests to `auth/…/login`. */
  readonly logins: number;
  /** Reads of values: of `…/data/…`, or of a path of KV v1. */
  readonly valueReads: number;
  /** Of the bodies, both ways. */
  readonly bytes: number;
  /** By `METHOD path`, the path as after `/v1/` and without its query. */
  readonly byPath: Readonly<Record<string, number>>;
}

/** A way to a Vault server that takes its time, counts, and goes wrong when it is told to. */
export interface VaultProxy {
  /** As in VAULT_ADDR. */
  readonly addr: string;
  /** From now on each answer comes so much later than Vault gives it. */
  setLatency(ms: number): Promise<void>;
  /** From now on these faults, and no others; for each request the first that matches. */
  setFaults(...rules: readonly FaultRule[]): Promise<void>;
  /** Refuses connections, and ends those that are open. */
  refuse(): Promise<void>;
  /** Takes connections again, on the same port. */
  accept(): Promise<void>;
  counts(): Promise<VaultProxyCounts>;
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** What the proxy's thread is told to do; each is answered when it is done. */
export type ProxyOrder =
  | { readonly kind: 'latency'; readonly ms: number }
  | { readonly kind: 'faults'; readonly rules: readonly FaultRule[] }
  | { readonly kind: 'refuse' | 'accept' | 'counts' | 'reset' };

/** What a sealed Vault answers to everything. */
export const sealed: VaultFault = { kind: 'status', status: 503, body: { errors: ['Vault is sealed'] } };

/** What Vault answers to who may not do what is asked. */
export const permissionDenied: VaultFault = { kind: 'status', status: 403, body: { errors: ['permission denied'] } };

/** What Vault answers where a quota is used up. */
export function tooManyRequests(retryAfterSeconds: number): VaultFault {
  const body = { errors: ['request path "secret": rate limit quota exceeded'] };
  return { kind: 'status', status: 429, body, headers: { 'Retry-After': String(retryAfterSeconds) } };
}

/**
 * Starts a proxy on a port of its own before the server at `target` (http only). It works in a thread of its own, so
 * that who measures through it does not wait for itself. Must be closed.
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
