import type { HeldValue } from './held-value.ts';
import { type LedgerDocument, type LedgerService, NOTHING_OPEN, type OpenRollout, type SetAside } from './ledger.ts';

const FORMAT = 2;

/**
 * The ledger as text. All of it is one Raft entry: so the secrets, of which there may be 20,000, are written as columns,
 * which compress best, and what is empty is left out.
 */
export function serialiseLedger(ledger: LedgerDocument): string {
  return JSON.stringify({
    format: FORMAT,
    ...(ledger.digestKey === null ? {} : { digestKey: ledger.digestKey }),
    secrets: columns(ledger.secrets),
    services: mapValues(ledger.services, ({ rollout, setAside, requested, spentGeneration, earlier, exceptions }) => ({
      ...(rollout === null
        ? {}
        : {
            rollout: {
              ...rollout,
              target: mapValues(rollout.target, packed),
              lastGood: mapValues(rollout.lastGood, packed),
            },
          }),
      ...ifAny(
        'setAside',
        setAside.map((set) => ({
          ...set,
          failed: mapValues(set.failed, packed),
          lastGood: mapValues(set.lastGood, packed),
        })),
      ),
      ...ifAny('requested', requested),
      ...(spentGeneration === 0 ? {} : { spentGeneration }),
      ...ifAny(
        'earlier',
        mapValues(earlier, (list) => list.map((value) => [...packed(value), value.untilMs])),
      ),
      ...ifAny(
        'exceptions',
        mapValues(exceptions, (values) => mapValues(values, packed)),
      ),
    })),
  });
}

/** The ledger that {@link serialiseLedger} wrote, or `null` where the text is damaged or of another format. */
export function parseLedger(text: string): LedgerDocument | null {
  try {
    const root = object(JSON.parse(text));
    if (root.format !== FORMAT) return null;
    return {
      digestKey: root.digestKey === undefined ? null : string(root.digestKey),
      secrets: rows(object(root.secrets)),
      services: mapValues(object(root.services), parseService),
    };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
}

function columns(secrets: LedgerDocument['secrets']): object {
  const rows = Object.entries(secrets);
  return {
    keys: rows.map(([key]) => key),
    revisions: rows.map(([, { revision }]) => revision),
    digests: rows.map(([, { digest }]) => digest),
    seenAtMs: rows.map(([, { seenAtMs }]) => seenAtMs),
  };
}

function rows({ keys, revisions, digests, seenAtMs }: Readonly<Record<string, unknown>>): LedgerDocument['secrets'] {
  const [ofRevision, ofDigest, ofTime] = [list(revisions), list(digests), list(seenAtMs)];
  const entries = list(keys).map((key, index) => [
    string(key),
    { revision: string(ofRevision[index]), digest: string(ofDigest[index]), seenAtMs: number(ofTime[index]) },
  ]);
  return Object.fromEntries(entries);
}

function parseService(value: unknown): LedgerService {
  const entry: Readonly<Record<string, unknown>> = { ...NOTHING_OPEN, ...object(value) };
  return {
    rollout: entry.rollout === null ? null : parseRollout(object(entry.rollout)),
    setAside: list(entry.setAside).map(parseSetAside),
    requested: list(entry.requested).map(string),
    spentGeneration: number(entry.spentGeneration),
    earlier: mapValues(object(entry.earlier), (values) =>
      list(values).map((item) => ({ ...unpacked(item), untilMs: number(list(item)[2]) })),
    ),
    exceptions: mapValues(object(entry.exceptions), (values) => mapValues(object(values), unpacked)),
  };
}

function parseRollout(value: Readonly<Record<string, unknown>>): OpenRollout {
  return {
    direction: oneOf(value.direction, ['forward', 'back']),
    generation: number(value.generation),
    begunAtMs: number(value.begunAtMs),
    changedAtMs: number(value.changedAtMs),
    attempt: number(value.attempt),
    state: oneOf(value.state, ['open', 'stuck', 'failed']),
    failure: string(value.failure),
    fingerprint: string(value.fingerprint),
    target: mapValues(object(value.target), unpacked),
    lastGood: mapValues(object(value.lastGood), unpacked),
  };
}

function parseSetAside(value: unknown): SetAside {
  const { failed, lastGood, sinceMs, reason } = object(value);
  return {
    failed: mapValues(object(failed), unpacked),
    lastGood: mapValues(object(lastGood), unpacked),
    sinceMs: number(sinceMs),
    reason: string(reason),
  };
}

function packed({ revision, digest }: HeldValue): readonly [string, string | null] {
  return [revision, digest];
}

function unpacked(value: unknown): HeldValue {
  const [revision, digest] = list(value);
  return { revision: string(revision), digest: digest === null ? null : string(digest) };
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Readonly<Record<string, B>> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

function ifAny(name: string, container: object): object {
  return Object.keys(container).length === 0 ? {} : { [name]: container };
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('not an object');
  return value as Readonly<Record<string, unknown>>;
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError('not a list');
  return value;
}

function string(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('not a string');
  return value;
}

function number(value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new TypeError('not a number');
  return value;
}

function oneOf<T extends string>(value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw new TypeError(`not one of ${allowed.join(', ')}`);
  return found;
}
