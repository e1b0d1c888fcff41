import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { HeldValue } from './held-value.ts';
import { type LedgerDocument, type LedgerService, NOTHING_OPEN, type Values } from './ledger.ts';
import { serialiseLedger } from './ledger-text.ts';

/** What one Raft entry holds: the limit that the adapter keeps to. */
const MOST_BYTES = 1_500_000;
const SERVICES = 1_000;
const SECRETS_EACH = 20;
const NOW_MS = Date.UTC(2026, 10, 24);

/** Text of a length that does not repeat, as ids and digests are. */
const random = (of: string, length: number) => createHash('sha512').update(of).digest('base64url').slice(0, length);
/** As Swarm's: 25 characters. */
const id = (of: string) => random(of, 25);

/** A value as Vault's KV v2 gives it, in its second or third revision. */
function value(key: string, revision: number): HeldValue {
  return {
    revision: `${random(`tag${key}`, 6)}:${revision}@2026-11-24T09:41:07.${123_456_789 + revision}Z`,
    digest: random(`${key}${revision}`, 22),
  };
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
    return [id(`service${index}`), index < open ? rolling(due, index) : waiting(due)] as const;
  });
  return {
    digestKey: random('key', 43),
    secrets: Object.fromEntries(
      keys.map((key) => [key, { ...value(key, 3), digest: random(key, 22), seenAtMs: NOW_MS }]),
    ),
    services: Object.fromEntries(services.filter(([, entry]) => entry !== NOTHING_OPEN)),
  };
}

function waiting(due: readonly string[]): LedgerService {
  if (due.length === 0) return NOTHING_OPEN;
  const earlier = due.map((key) => [key, [{ ...value(key, 2), untilMs: NOW_MS }]] as const);
  return { ...NOTHING_OPEN, earlier: Object.fromEntries(earlier) };
}

function rolling(due: readonly string[], index: number): LedgerService {
  return {
    ...waiting(due),
    rollout: {
      direction: 'forward',
      generation: 12,
      begunAtMs: NOW_MS,
      changedAtMs: NOW_MS,
      attempt: 1,
      state: 'open',
      failure: '',
      fingerprint: createHash('sha1').update(String(index)).digest('hex'),
      target: valuesOf(due, 3),
      lastGood: valuesOf(due, 2),
    },
  };
}

const cases: readonly (Case & { readonly what: string; readonly fits: boolean })[] = [
  { what: '20,000 secrets at rest', different: 20_000, changed: 0, open: 0, fits: false },
  { what: '1,000 shared secrets at rest', different: 1_000, changed: 0, open: 0, fits: true },
  { what: '1,000 shared, one of each service changed, 5 open', different: 1_000, changed: 1, open: 5, fits: true },
  {
    what: '1,000 shared, one of each service changed, all open',
    different: 1_000,
    changed: 1,
    open: 1_000,
    fits: true,
  },
  { what: '1,000 shared, all changed, 5 open', different: 1_000, changed: 20, open: 5, fits: false },
  { what: '1,000 shared, all changed, all open', different: 1_000, changed: 20, open: 1_000, fits: false },
  { what: '20,000 secrets, one of each service changed, 5 open', different: 20_000, changed: 1, open: 5, fits: false },
];

test.each(cases)(
  '$what: whether 1,000 services with 20 secrets each fit into a Raft entry: $fits',
  ({ what, fits, ...of }) => {
    const bytes = Buffer.byteLength(serialiseLedger(ledgerOf(of)));
    process.stderr.write(`${what}: ${bytes} bytes\n`);
    expect(bytes <= MOST_BYTES).toBe(fits);
  },
);
