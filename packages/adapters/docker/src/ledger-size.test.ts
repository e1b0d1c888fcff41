import {
  type LedgerDocument,
  type LedgerService,
  type SecretVersion,
  serialiseLedger,
  type Values,
} from '@vault-swarm/rotation/ledger-format';
import { expect, test } from 'vitest';
import type { DockerConnection } from './connection.ts';
import { DockerLedgerStore } from './ledger-store.ts';

const SERVICES = 1_000;
const SECRETS_EACH = 20;
const NOW_MS = Date.UTC(2026, 10, 24);

const clock = { now: () => NOW_MS, monotonic: () => 0, after: () => () => undefined };

const NOTHING_OPEN: LedgerService = {
  ...{ rollout: null, quarantines: [], requested: [], highestUsedGeneration: 0 },
  ...{ previousValues: {}, failedBefore: {}, taskOverrides: {} },
};

let state = 1;
/** A whole number below the limit, by xorshift: the same in each run. */
function below(limit: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % limit;
}

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const BASE36 = '0123456789abcdefghijklmnopqrstuvwxyz';
const text = (alphabet: string, length: number) =>
  Array.from({ length }, () => alphabet[below(alphabet.length)]).join('');

const ids = new Map<string, string>();
/** The id of something: 25 characters, as Swarm's are. */
function id(of: string): string {
  const known = ids.get(of) ?? text(BASE36, 25);
  ids.set(of, known);
  return known;
}

const values = new Map<string, SecretVersion & { readonly digest: string }>();
/** A value as Vault's KV v2 gives it, with a digest as ours are. Nothing of it repeats. */
function value(key: string, revision: number): SecretVersion & { readonly digest: string } {
  const second = new Date(NOW_MS - below(3_000_000_000)).toISOString().slice(0, 19);
  const nanoseconds = String(below(1_000_000_000)).padStart(9, '0');
  const known = values.get(`${key}${revision}`) ?? {
    revision: `${text(BASE36, 6)}:${revision}@${second}.${nanoseconds}Z`,
    digest: text(BASE64URL, 16),
  };
  values.set(`${key}${revision}`, known);
  return known;
}

function valuesOf(keys: readonly string[], revision: number): Values {
  return Object.fromEntries(keys.map((key) => [key, value(key, revision)]));
}

/** The secrets of a service: all its own, or 20 of all there are. */
function keysOf(service: number, different: number): readonly string[] {
  return Array.from({ length: SECRETS_EACH }, (_, index) =>
    id(`secret${(service * SECRETS_EACH + index) % different}`),
  );
}

interface Case {
  /** How many secrets there are. */
  readonly different: number;
  /** How many secrets of each service have changed. */
  readonly changed: number;
  /** How many services have a rollout open; those others that are to be rolled wait. */
  readonly open: number;
}

function ledgerOf({ different, changed, open }: Case): LedgerDocument {
  const keys = Array.from({ length: different }, (_, index) => id(`secret${index}`));
  const services = Array.from({ length: SERVICES }, (_, index) => {
    const due = keysOf(index, different).slice(0, changed);
    return [id(`service${index}`), index < open ? rolling(due) : waiting(due)] as const;
  });
  return {
    digestKey: text(BASE64URL, 43),
    lockdown: null,
    hints: {},
    secrets: Object.fromEntries(keys.map((key) => [key, { ...value(key, 3), seenAtMs: NOW_MS - below(100_000_000) }])),
    services: Object.fromEntries(services.filter(([, entry]) => entry !== NOTHING_OPEN)),
  };
}

function waiting(due: readonly string[]): LedgerService {
  if (due.length === 0) return NOTHING_OPEN;
  const earlier = due.map((key) => [key, [{ ...value(key, 2), untilMs: NOW_MS - below(100_000) }]] as const);
  return { ...NOTHING_OPEN, previousValues: Object.fromEntries(earlier) };
}

function rolling(due: readonly string[]): LedgerService {
  return {
    ...waiting(due),
    rollout: {
      direction: 'forward',
      generation: 12,
      startedAtMs: NOW_MS,
      changedAtMs: NOW_MS,
      attempt: 1,
      state: 'open',
      failure: '',
      fingerprint: text('0123456789abcdef', 40),
      target: valuesOf(due, 3),
      lastGood: valuesOf(due, 2),
    },
  };
}

const cases: readonly (Case & { readonly what: string; readonly fits: boolean })[] = [
  { what: '20,000 different secrets', different: 20_000, changed: 0, open: 0, fits: true },
  { what: '20,000 different secrets, 5 services rolling', different: 20_000, changed: 1, open: 5, fits: true },
  { what: '20,000 different secrets, all changed at once', different: 20_000, changed: 20, open: 5, fits: false },
  { what: '10,000 secrets, all changed at once', different: 10_000, changed: 20, open: 5, fits: true },
  { what: '1,000 secrets', different: 1_000, changed: 0, open: 0, fits: true },
  { what: '1,000 secrets, all changed, all services rolling', different: 1_000, changed: 20, open: 1_000, fits: true },
];

// Some have megabytes to be compressed.
const options = { timeout: 30_000 };

test.each(cases)(
  '1,000 services of 20 secrets each fit into one Raft entry: $what: $fits',
  options,
  async ({ fits, ...of }) => {
    let written = 0;
    const connection: DockerConnection = {
      call: async (_call, read) => {
        written += 1;
        return read(
          (async function* () {
            yield Buffer.from('{}');
          })(),
        );
      },
      open: () => Promise.reject(new Error('not here')),
      close: () => undefined,
    };
    const writing = new DockerLedgerStore(connection, { name: 'ledger', clock, keys: null }).compareAndSet(
      null,
      serialiseLedger(ledgerOf(of)),
      {
        signal: new AbortController().signal,
      },
    );
    if (fits) expect(await writing).toBe('applied');
    else await expect(writing).rejects.toThrow(/the ledger has \d+ bytes; Swarm takes at most 1500000/);
    expect(written).toBe(fits ? 1 : 0);
  },
);
